/// ComfyUI's wire API over Javalin: routes, WebSocket, files, and who may call them.
///
/// Read [HttpServer], then the `*Routes` classes (one per group of routes) and the `*Json` classes (one per shape).
/// [OriginGuard] decides who may call; [HttpError] is how a handler refuses. The only package that imports Javalin.
@NullMarked
package dev.quantreel.server.http;

import org.jspecify.annotations.NullMarked;
