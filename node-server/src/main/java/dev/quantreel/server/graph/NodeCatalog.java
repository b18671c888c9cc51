package dev.quantreel.server.graph;

import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.server.workflow.NodeSpecs;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// The kinds of nodes a server knows, by id. Immutable.
public final class NodeCatalog implements NodeSpecs {

    /// What an alias must look like to be a former id and not a word to search for.
    private static final Pattern FORMER_ID = Pattern.compile("[A-Z][A-Za-z0-9]+");

    private final Map<String, Entry> entries;
    private final Map<String, Entry> formerIds;

    private NodeCatalog(Map<String, Entry> entries, Map<String, Entry> formerIds) {
        this.entries = entries;
        this.formerIds = formerIds;
    }

    /// One kind of node and the pack it came from.
    ///
    /// @param plugin whether the pack was dropped in beside the server
    public record Entry(NodeDefinition definition, NodeSpec spec, String pack, boolean plugin) {}

    /// Collects packs; ids of earlier packs cannot be replaced by later ones.
    public static final class Builder {
        private final Map<String, Entry> entries = new LinkedHashMap<>();
        private final List<String> problems = new ArrayList<>();

        /// Adds a pack's nodes.
        public Builder add(String pack, boolean plugin, List<NodeDefinition> nodes) {
            for (NodeDefinition node : nodes) {
                NodeSpec spec = node.spec();
                Entry before = entries.putIfAbsent(spec.id(), new Entry(node, spec, pack, plugin));
                if (before != null) {
                    problems.add("pack " + pack + ": node " + spec.id() + " is left out, pack " + before.pack()
                            + " has one of this id");
                }
            }
            return this;
        }

        /// What was left out and why.
        public List<String> problems() {
            return List.copyOf(problems);
        }

        public NodeCatalog build() {
            Map<String, Entry> formerIds = new LinkedHashMap<>();
            for (Entry entry : entries.values()) {
                entry.spec().aliases().stream()
                        .filter(alias -> FORMER_ID.matcher(alias).matches())
                        .forEach(alias -> formerIds.putIfAbsent(alias, entry));
            }
            return new NodeCatalog(Collections.unmodifiableMap(new LinkedHashMap<>(entries)), formerIds);
        }
    }

    /// All kinds, in the order their packs list them.
    public Collection<Entry> entries() {
        return entries.values();
    }

    /// A kind by its id, else by a former id.
    public Optional<Entry> find(String classType) {
        Entry entry = entries.get(classType);
        return Optional.ofNullable(entry == null ? formerIds.get(classType) : entry);
    }

    @Override
    public Optional<NodeSpec> spec(String classType) {
        return find(classType).map(Entry::spec);
    }
}
