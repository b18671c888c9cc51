/// What the server's tests share: nodes made by hand, folders, a running server and its clients.
@NullMarked
package dev.quantreel.server.testing;

import org.jspecify.annotations.NullMarked;
