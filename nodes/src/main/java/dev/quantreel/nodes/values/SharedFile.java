package dev.quantreel.nodes.values;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.lowrank.LowRankBranches;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A mapped checkpoint with several owners: sessions read weights straight from the mapping, so it closes with the last
/// of them, whatever order the resource cache evicts in. Thread-safe.
public final class SharedFile {

    private final CheckpointFile file;
    private final Supplier<LowRankBranches> making;
    private @Nullable LowRankBranches branches;
    private int leases;

    private SharedFile(CheckpointFile file, Supplier<LowRankBranches> making) {
        this.file = file;
        this.making = making;
    }

    /// Shares a file just opened; the file closes when the first lease and all made from it are closed.
    public static Lease share(CheckpointFile file) {
        return share(file, () -> LowRankBranches.NONE);
    }

    /// Shares a file just opened with what goes beside its linears.
    ///
    /// @param branches made at first use, may be views of what the file keeps open
    public static Lease share(CheckpointFile file, Supplier<LowRankBranches> branches) {
        return new SharedFile(file, branches).lease();
    }

    private synchronized LowRankBranches branches() {
        LowRankBranches known = branches == null ? making.get() : branches;
        branches = known;
        return known;
    }

    private synchronized Lease lease() {
        leases++;
        return new Lease(this);
    }

    private synchronized void release() {
        leases--;
        if (leases == 0) {
            file.close();
        }
    }

    /// One owner's hold on the file.
    public static final class Lease implements AutoCloseable {

        private final SharedFile shared;
        private boolean closed;

        private Lease(SharedFile shared) {
            this.shared = shared;
        }

        /// The file, open as long as this lease is.
        public CheckpointFile file() {
            return shared.file;
        }

        /// What goes beside the linears of the file: LoRAs that are not merged. Usable as long as this lease.
        public LowRankBranches branches() {
            return shared.branches();
        }

        /// A hold for one more owner.
        ///
        /// @throws IllegalStateException when this one is closed
        public synchronized Lease again() {
            if (closed) {
                throw new IllegalStateException("the lease of " + shared.file.source() + " is closed");
            }
            return shared.lease();
        }

        @Override
        public synchronized void close() {
            if (!closed) {
                closed = true;
                shared.release();
            }
        }
    }
}
