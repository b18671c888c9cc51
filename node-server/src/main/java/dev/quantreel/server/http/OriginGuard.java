package dev.quantreel.server.http;

import dev.quantreel.server.workflow.Json;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Lets through only requests of this server's own page, of programs, and of origins the operator trusts, so that no
/// web site can queue prompts through a visitor's browser.
///
/// - Bound to loopback, the Host header must name this machine (against DNS rebinding); else 421.
/// - An Origin header must equal the Host, or be trusted; `null` never is; else 403.
/// - `Sec-Fetch-Site: cross-site` is refused with 403, except that a link may open the page.
///
/// Sits in front of everything, WebSocket upgrades included, and adds the security headers.
final class OriginGuard implements Filter {

    private static final Pattern LOOPBACK_V4 = Pattern.compile("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
    private static final String OWN_PAGE = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' "
            + "'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
            + "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
            + "form-action 'self'; frame-ancestors 'none'";
    /// Other front ends build scripts at run time; they still may talk to nobody else.
    private static final String FOREIGN_PAGE = OWN_PAGE.replace(
            "script-src 'self' 'wasm-unsafe-eval'", "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:");

    private final boolean loopback;
    private final Set<String> trustedOrigins;
    private final Set<String> trustedHosts;
    private final Optional<String> corsOrigin;
    private final String contentSecurityPolicy;

    OriginGuard(HttpSettings settings, boolean foreignFrontEnd) {
        this.loopback = settings.loopback();
        this.trustedOrigins =
                settings.trustedOrigins().stream().map(OriginGuard::normalized).collect(Collectors.toUnmodifiableSet());
        this.trustedHosts = trustedOrigins.stream()
                .map(origin -> hostName(authority(origin)))
                .collect(Collectors.toUnmodifiableSet());
        this.corsOrigin = settings.corsOrigin().map(OriginGuard::normalized);
        this.contentSecurityPolicy = foreignFrontEnd ? FOREIGN_PAGE : OWN_PAGE;
    }

    static boolean isLoopback(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost")
                || name.endsWith(".localhost")
                || name.equals("::1")
                || name.equals("[::1]")
                || LOOPBACK_V4.matcher(name).matches();
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (request instanceof HttpServletRequest http && response instanceof HttpServletResponse reply) {
            addHeaders(http, reply);
            Optional<Refusal> refusal = check(http);
            if (refusal.isPresent()) {
                refuse(reply, refusal.get());
                return;
            }
            if (http.getMethod().equals("OPTIONS")) {
                reply.setStatus(200);
                return;
            }
        }
        chain.doFilter(request, response);
    }

    private record Refusal(int status, String reason) {}

    private Optional<Refusal> check(HttpServletRequest request) {
        String host = request.getHeader("Host");
        if (host == null || host.isBlank()) {
            return Optional.of(new Refusal(400, "the request has no Host header"));
        }
        String hostName = hostName(host);
        if (loopback && !isLoopback(hostName) && !trustedHosts.contains(hostName)) {
            return Optional.of(new Refusal(
                    421,
                    "Host '" + host + "' is not this machine; the server listens on loopback only. "
                            + "Name it with --trusted-origin if it is a proxy of yours"));
        }
        String origin = request.getHeader("Origin");
        if (origin != null) {
            return allowed(origin, host)
                    ? Optional.empty()
                    : Optional.of(new Refusal(
                            403,
                            "Origin '" + origin + "' may not call this server; --trusted-origin ORIGIN allows one"));
        }
        if ("cross-site".equals(request.getHeader("Sec-Fetch-Site")) && !opensPage(request) && corsOrigin.isEmpty()) {
            return Optional.of(new Refusal(403, "another web site made this request (Sec-Fetch-Site: cross-site)"));
        }
        return Optional.empty();
    }

    private boolean allowed(String origin, String host) {
        if (origin.equals("null")) {
            return false;
        }
        String normalized = normalized(origin);
        return sameAuthority(normalized, host)
                || trustedOrigins.contains(normalized)
                || corsOrigin
                        .filter(allowed -> allowed.equals("*") || allowed.equals(normalized))
                        .isPresent();
    }

    private static boolean sameAuthority(String origin, String host) {
        int defaultPort = origin.startsWith("https://") ? 443 : 80;
        return withPort(authority(origin), defaultPort).equals(withPort(host.toLowerCase(Locale.ROOT), defaultPort));
    }

    private static boolean opensPage(HttpServletRequest request) {
        return request.getMethod().equals("GET")
                && "navigate".equals(request.getHeader("Sec-Fetch-Mode"))
                && "document".equals(request.getHeader("Sec-Fetch-Dest"));
    }

    private void addHeaders(HttpServletRequest request, HttpServletResponse reply) {
        reply.setHeader("Content-Security-Policy", contentSecurityPolicy);
        reply.setHeader("X-Content-Type-Options", "nosniff");
        reply.setHeader("Referrer-Policy", "same-origin");
        reply.setHeader("Cross-Origin-Resource-Policy", corsOrigin.isPresent() ? "cross-origin" : "same-origin");
        String origin = request.getHeader("Origin");
        if (corsOrigin.isPresent() && origin != null && allowed(origin, "")) {
            reply.setHeader("Access-Control-Allow-Origin", origin);
            reply.setHeader("Vary", "Origin");
            reply.setHeader("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
            reply.setHeader("Access-Control-Allow-Headers", "Content-Type, Authorization, Comfy-User");
            reply.setHeader("Access-Control-Allow-Credentials", "true");
        }
    }

    private static void refuse(HttpServletResponse reply, Refusal refusal) throws IOException {
        reply.setStatus(refusal.status());
        reply.setContentType("application/json");
        byte[] body = Json.write(HttpError.of(refusal.status(), "forbidden", refusal.reason())
                        .body())
                .getBytes(StandardCharsets.UTF_8);
        reply.setContentLength(body.length);
        reply.getOutputStream().write(body);
    }

    private static String normalized(String origin) {
        String text = origin.strip().toLowerCase(Locale.ROOT);
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }

    private static String authority(String origin) {
        try {
            String authority = URI.create(origin).getRawAuthority();
            return authority == null ? "" : authority;
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private static String hostName(String authority) {
        String text = authority.strip().toLowerCase(Locale.ROOT);
        int colon = text.lastIndexOf(':');
        boolean port = colon > text.lastIndexOf(']');
        return port ? text.substring(0, colon) : text;
    }

    private static String withPort(String authority, int defaultPort) {
        return authority.lastIndexOf(':') > authority.lastIndexOf(']') ? authority : authority + ":" + defaultPort;
    }
}
