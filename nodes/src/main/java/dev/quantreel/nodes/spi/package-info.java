/// All a node author imports. Read [Node] and [NodeType], then [In] and [Out], then [NodeContext]; [NodePack] hands
/// nodes to the server. The executor and the wire API know only [NodeDefinition] and [NodeSpec].
@NullMarked
package dev.quantreel.nodes.spi;

import org.jspecify.annotations.NullMarked;
