/// The program: settings, folders, packs, and the commands of `quantreel`.
///
/// Read [Main], then [Application] (what is built from a [ServerConfig]) and the `*Command` classes. The only place
/// that makes services.
@NullMarked
package dev.quantreel.server.config;

import org.jspecify.annotations.NullMarked;
