package dev.quantreel.engines.gpucheck;

import java.io.PrintStream;
import java.util.concurrent.CancellationException;

/// Where an item puts what it finds: printed at once, so that nothing is lost when its process ends.
public final class CheckLog {

    private final String item;
    private final PrintStream out;

    CheckLog(String item, PrintStream out) {
        this.item = item;
        this.out = out;
    }

    /// Something measured that has no bound to hold, or holds it.
    public void ok(Claim claim, String subject, String measured, String beside) {
        row(new CheckRow(item, claim.id(), subject, measured, beside, Outcome.OK, ""));
    }

    /// Something measured, and whether it is as claimed.
    ///
    /// @param wanted what would have been, for the reason where it does not hold
    public void judge(Claim claim, String subject, boolean holds, Measurement found, String wanted) {
        row(new CheckRow(
                item,
                claim.id(),
                subject,
                found.measured(),
                found.beside(),
                holds ? Outcome.OK : Outcome.FAILED,
                holds ? "" : "wanted: " + wanted));
    }

    /// A figure and what it stands beside.
    ///
    /// @param measured with its unit
    /// @param beside baseline or bound; may be empty
    public record Measurement(String measured, String beside) {}

    /// Something that broke.
    public void failed(Claim claim, String subject, String reason) {
        row(new CheckRow(item, claim.id(), subject, "", "", Outcome.FAILED, reason));
    }

    /// Measures; whatever breaks fails the claim and leaves the item's others alone.
    ///
    /// @throws CancellationException when it was interrupted
    public void attempt(Claim claim, Runnable measuring) {
        try {
            measuring.run();
        } catch (CancellationException e) {
            throw e;
        } catch (RuntimeException | LinkageError e) {
            failed(claim, "", String.valueOf(e.getMessage()));
        }
    }

    /// Something that could not be measured here.
    public void skipped(Claim claim, String subject, String reason) {
        row(new CheckRow(item, claim.id(), subject, "", "", Outcome.SKIPPED, reason));
    }

    private void row(CheckRow row) {
        out.println(row.line());
        out.flush();
    }

    /// Says what is being done, for whoever waits.
    public void note(String text) {
        out.println(text);
        out.flush();
    }
}
