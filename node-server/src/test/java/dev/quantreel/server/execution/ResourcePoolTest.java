package dev.quantreel.server.execution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.nodes.spi.Releasable;
import dev.quantreel.nodes.spi.ResourceCache;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ResourcePoolTest {

    private final List<String> closed = new ArrayList<>();
    private final Set<String> used = new HashSet<>();
    private final ResourcePool pool = new ResourcePool(8);
    private final ResourceCache cache = pool.view(used);

    private Releasable releasable(String name, long bytes) {
        return new Releasable() {
            @Override
            public long residentBytes() {
                return bytes;
            }

            @Override
            public void close() {
                closed.add(name);
            }
        };
    }

    @Test
    void releaseClosesLargeReleasableResourcesInTheMiddleOfARequest() throws Exception {
        cache.get("encoder", Releasable.class, () -> releasable("encoder", 100));
        cache.get("small", Releasable.class, () -> releasable("small", 99));
        cache.get("weights", AutoCloseable.class, () -> () -> closed.add("weights"));

        assertThat(cache.release(100)).isEqualTo(100);

        assertThat(closed).containsExactly("encoder");
        assertThat(cache.release(100)).as("nothing is left to give back").isZero();
    }

    @Test
    void whatWasReleasedIsLoadedAnewAndClosedOnce() throws Exception {
        Releasable first = cache.get("encoder", Releasable.class, () -> releasable("first", 100));
        cache.release(1);
        Releasable second = cache.get("encoder", Releasable.class, () -> releasable("second", 100));

        assertThat(second).isNotSameAs(first);
        pool.close();
        assertThat(closed).containsExactly("first", "second");
    }

    @Test
    void releasingDoesNotCountAsEvictionSoResultsStayValid() throws Exception {
        cache.get("encoder", Releasable.class, () -> releasable("encoder", 100));
        cache.release(1);

        assertThat(pool.endRequest()).isEmpty();
        assertThat(pool.evictAll()).isEmpty();
    }
}
