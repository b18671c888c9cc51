/// Settings and folders of a server.
@NullMarked
package dev.quantreel.server.config;

import org.jspecify.annotations.NullMarked;
