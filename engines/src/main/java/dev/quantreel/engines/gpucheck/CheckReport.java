package dev.quantreel.engines.gpucheck;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// The table, for people, for docs/gpu-checks.md and for programs.
///
/// @param items that were run
/// @param rows what they gave
/// @param device what it was measured on; empty where there was none
/// @param absence why there was none
/// @param small whether shapes were those for a simulator, so that figures mean nothing
record CheckReport(
        List<GpuCheckItem> items,
        List<CheckRow> rows,
        Optional<String> device,
        Optional<String> absence,
        boolean small) {

    static String plain(CheckRow row) {
        return String.join(
                "  ",
                List.of(
                                row.outcome().name().toLowerCase(Locale.ROOT),
                                row.claim(),
                                row.subject(),
                                row.measured(),
                                row.beside(),
                                row.reason())
                        .stream()
                        .filter(text -> !text.isEmpty())
                        .toList());
    }

    String counts() {
        return java.util.Arrays.stream(Outcome.values())
                .map(outcome ->
                        rows.stream().filter(row -> row.outcome() == outcome).count() + " "
                                + outcome.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    private String claim(CheckRow row) {
        return items.stream()
                .filter(item -> item.id().equals(row.item()))
                .flatMap(item -> item.claims().stream())
                .filter(claim -> claim.id().equals(row.claim()))
                .map(Claim::text)
                .findFirst()
                .orElse(row.claim());
    }

    /// The table as people read it in a terminal and Markdown shows it.
    String table() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of("item", "claim", "measured", "baseline or bound", "result"));
        for (CheckRow row : rows) {
            String subject = row.subject().isEmpty() ? "" : ": " + row.subject();
            String reason = row.reason().isEmpty() ? "" : ": " + row.reason();
            lines.add(List.of(
                    row.item(),
                    claim(row) + subject,
                    row.measured(),
                    row.beside(),
                    row.outcome().name().toLowerCase(Locale.ROOT) + reason));
        }
        StringBuilder text = new StringBuilder();
        text.append("Measured on: ")
                .append(device.orElse("no device (" + absence.orElse("none was looked for") + ")"))
                .append(small ? "; shapes for a simulator, times mean nothing" : "")
                .append("\n\n");
        for (int i = 0; i < lines.size(); i++) {
            text.append(lines.get(i).stream()
                            .map(cell -> cell.replace("|", "/"))
                            .collect(Collectors.joining(" | ", "| ", " |")))
                    .append('\n');
            if (i == 0) {
                text.append("|---|---|---|---|---|\n");
            }
        }
        return text.toString();
    }

    /// Lines in the form of docs/gpu-checks.md, of what was measured; none where figures mean nothing.
    String forTheDocument() {
        if (small) {
            return "";
        }
        String where = device.orElse("") + ", " + LocalDate.now(ZoneOffset.UTC);
        StringBuilder text = new StringBuilder();
        for (GpuCheckItem item : items) {
            for (Claim claim : item.claims()) {
                String results = rows.stream()
                        .filter(row -> row.item().equals(item.id())
                                && row.claim().equals(claim.id())
                                && row.outcome() != Outcome.SKIPPED)
                        .map(row -> plain(row).replace("  " + row.claim(), ""))
                        .collect(Collectors.joining("; "));
                if (!results.isEmpty()) {
                    text.append("| ").append(claim.text()).append(" | `./quantreel gpu-check --only ");
                    text.append(item.id()).append("` | ").append(results.replace("|", "/"));
                    text.append(" (").append(where).append(") |\n");
                }
            }
        }
        return text.toString();
    }

    /// Writes `results.md` and `results.json`.
    void write(Path folder) throws IOException {
        String document = forTheDocument();
        Files.writeString(
                folder.resolve("results.md"),
                "# gpu-check\n" + table() + (document.isEmpty() ? "" : "\n## For docs/gpu-checks.md\n" + document),
                StandardCharsets.UTF_8);
        Files.writeString(folder.resolve("results.json"), json(), StandardCharsets.UTF_8);
    }

    private String json() {
        return "{\"device\": " + quoted(device.orElse("")) + ", \"absence\": " + quoted(absence.orElse(""))
                + ", \"rows\": [\n"
                + rows.stream()
                        .map(row -> "  {\"item\": " + quoted(row.item()) + ", \"claim\": " + quoted(row.claim())
                                + ", \"subject\": " + quoted(row.subject()) + ", \"measured\": "
                                + quoted(row.measured())
                                + ", \"beside\": " + quoted(row.beside()) + ", \"outcome\": "
                                + quoted(row.outcome().name().toLowerCase(Locale.ROOT)) + ", \"reason\": "
                                + quoted(row.reason()) + "}")
                        .collect(Collectors.joining(",\n"))
                + "\n]}\n";
    }

    /// A string of JSON; rows hold no control characters but tabs and line ends have become spaces.
    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ") + "\"";
    }
}
