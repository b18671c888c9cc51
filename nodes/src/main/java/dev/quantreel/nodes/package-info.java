/// The built-in node pack. [BuiltinNodePack] lists every node; each palette category is a package below this one, and
/// `spi` is all a node author needs.
@NullMarked
package dev.quantreel.nodes;

import org.jspecify.annotations.NullMarked;
