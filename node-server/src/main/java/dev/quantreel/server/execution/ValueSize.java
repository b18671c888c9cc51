package dev.quantreel.server.execution;

import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.lang.reflect.RecordComponent;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Estimates how much memory a node's outputs hold: segments, arrays, texts and pictures found in records, collections,
/// maps and optionals. Mapped files count nothing, the operating system drops them when it needs the memory.
final class ValueSize {

    private static final int MAX_VISITED = 10_000;
    private static final int OBJECT_BYTES = 16;

    private ValueSize() {}

    static long bytes(Collection<?> values) {
        long bytes = 0;
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> pending = new ArrayDeque<>(values);
        while (!pending.isEmpty() && seen.size() < MAX_VISITED) {
            Object value = pending.pop();
            if (seen.add(value)) {
                bytes += OBJECT_BYTES + own(value);
                pushParts(value, pending);
            }
        }
        return bytes;
    }

    private static long own(Object value) {
        return switch (value) {
            case MemorySegment segment -> segment.isMapped() ? 0 : segment.byteSize();
            case BufferedImage image -> 4L * image.getWidth() * image.getHeight();
            case CharSequence text -> 2L * text.length();
            default ->
                value.getClass().isArray()
                                && value.getClass().getComponentType().isPrimitive()
                        ? 8L * Array.getLength(value)
                        : 0;
        };
    }

    private static void pushParts(Object value, Deque<Object> pending) {
        switch (value) {
            case Collection<?> items -> items.forEach(item -> push(item, pending));
            case Map<?, ?> map -> map.values().forEach(item -> push(item, pending));
            case Optional<?> optional -> optional.ifPresent(pending::push);
            case Record composite -> pushComponents(composite, pending);
            case Object[] items -> {
                for (Object item : items) {
                    push(item, pending);
                }
            }
            default -> {}
        }
    }

    private static void pushComponents(Record composite, Deque<Object> pending) {
        for (RecordComponent component : composite.getClass().getRecordComponents()) {
            try {
                push(component.getAccessor().invoke(composite), pending);
            } catch (ReflectiveOperationException e) {
                return; // a private record: its size stays unknown, which only makes the estimate smaller
            }
        }
    }

    private static void push(@Nullable Object item, Deque<Object> pending) {
        if (item != null) {
            pending.push(item);
        }
    }
}
