package dev.quantreel.server.http;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;

/// Registers each route bare and under `/api`, as ComfyUI does.
final class RouteTable {

    private final RoutesConfig routes;

    RouteTable(RoutesConfig routes) {
        this.routes = routes;
    }

    RouteTable get(String path, Handler handler) {
        return both(HandlerType.GET, path, handler).both(HandlerType.HEAD, path, handler);
    }

    RouteTable post(String path, Handler handler) {
        return both(HandlerType.POST, path, handler);
    }

    RouteTable patch(String path, Handler handler) {
        return both(HandlerType.PATCH, path, handler);
    }

    RouteTable delete(String path, Handler handler) {
        return both(HandlerType.DELETE, path, handler);
    }

    private RouteTable both(HandlerType method, String path, Handler handler) {
        routes.addHttpHandler(method, path, handler);
        routes.addHttpHandler(method, "/api" + path, handler);
        return this;
    }
}
