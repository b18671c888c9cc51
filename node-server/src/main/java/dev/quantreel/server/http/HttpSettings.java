package dev.quantreel.server.http;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Where and for whom the server answers.
///
/// @param host address to bind, for example `127.0.0.1`
/// @param port 0 takes a free one
/// @param maxUploadBytes largest request body
/// @param trustedOrigins origins besides the server's own that may call, for example `https://studio.example`
/// @param corsOrigin value of `--enable-cors-header`; `*` lets every origin call
/// @param frontEnd folder of the page; a plain page says how to build it when there is none
/// @param userFolder settings and saved workflows
/// @param templates folder of example workflows
/// @param version version of this program
public record HttpSettings(
        String host,
        int port,
        long maxUploadBytes,
        Set<String> trustedOrigins,
        Optional<String> corsOrigin,
        Optional<Path> frontEnd,
        Path userFolder,
        Optional<Path> templates,
        String version,
        List<String> arguments) {

    public HttpSettings {
        trustedOrigins = Set.copyOf(trustedOrigins);
        arguments = List.copyOf(arguments);
    }

    /// Whether only this machine can connect.
    public boolean loopback() {
        return isLoopback(host);
    }

    /// Whether an address or host name means this machine.
    public static boolean isLoopback(String host) {
        return OriginGuard.isLoopback(host);
    }
}
