package dev.quantreel.nodes.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;

/// A report card as one HTML page that needs nothing else: styles and pictures are inside, links and scripts there
/// are none.
///
/// @param figures what it shows
/// @param pictures plots, with a caption each
record CardPage(CardFigures figures, List<Picture> pictures) {

    private static final String HEAD = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <meta http-equiv="Content-Security-Policy"
             content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
            <title>%s</title>
            <style>
            body { font: 15px/1.5 system-ui, sans-serif; color: #1f2937; margin: 2rem auto; max-width: 1400px }
            body { padding: 0 1rem }
            h1 { font-size: 1.5rem; margin-bottom: 0 }
            p { color: #4b5563 }
            .wide { overflow-x: auto }
            table { border-collapse: collapse; font-variant-numeric: tabular-nums }
            th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid #e5e7eb; white-space: nowrap }
            th:first-child, td:first-child { text-align: left }
            small { color: #6b7280 }
            .best { background: #d1fae5; font-weight: 600 }
            figure { margin: 1.5rem 0 } img { max-width: 100%%; height: auto }
            </style>
            </head>
            <body>
            """;

    /// Figures beside one another; more go into a table below.
    private static final int COLUMNS = 7;

    CardPage {
        pictures = List.copyOf(pictures);
    }

    record Picture(String caption, BufferedImage image) {}

    String html() throws IOException {
        StringBuilder html = new StringBuilder(String.format(HEAD, escaped(figures.title())));
        html.append("<h1>").append(escaped(figures.title())).append("</h1>\n<p>");
        html.append(escaped(figures.settings()))
                .append(". Mean ± standard deviation; the best of each column is marked.")
                .append(" Everything is measured on decoded frames and latents against the same generation in full")
                .append(
                        " precision. HF ratio is high-frequency energy over the reference's, best near 1: far above it the frames are")
                .append(
                        " noise, whatever the other figures say; so are latents whose σ ratio is far from 1, and pictures")
                .append(
                        " whose spectrum falls much less than the reference's (spectrum Δ above 0). PSNR is the mean of")
                .append(
                        " the frames'; PSNR of clip comes from one mean square over all. VAE features: by the features of")
                .append(" the VAE's own encoder, not LPIPS. Motion, flow and warping are by block matching.</p>\n");
        List<CardColumn> columns = figures.columns();
        for (int from = 0; from < columns.size(); from += COLUMNS) {
            table(html, columns.subList(from, Math.min(from + COLUMNS, columns.size())));
        }
        figures.absence()
                .ifPresent(text -> html.append("<p>").append(escaped(text)).append("</p>\n"));
        for (Picture picture : pictures) {
            html.append("<figure><img alt=\"")
                    .append(escaped(picture.caption()))
                    .append("\" src=\"data:image/png;base64,")
                    .append(base64(picture.image()))
                    .append("\"></figure>\n");
        }
        generations(html);
        return html.append("</body>\n</html>\n").toString();
    }

    /// @param columns as many as a page is wide
    private void table(StringBuilder html, List<CardColumn> columns) {
        html.append("<div class=\"wide\"><table>\n<tr><th>method</th>");
        for (CardColumn column : columns) {
            html.append("<th>").append(column.label()).append("</th>");
        }
        html.append("</tr>\n");
        for (CardFigures.Row row : figures.rows()) {
            html.append("<tr><td>").append(escaped(row.method())).append("</td>");
            for (CardColumn column : columns) {
                CardFigures.Spread spread = column.spread(row);
                html.append(isBest(column, spread.mean()) ? "<td class=\"best\">" : "<td>")
                        .append(column.shown(spread.mean()))
                        .append(" <small>±")
                        .append(column.shown(spread.std()))
                        .append("</small></td>");
            }
            html.append("</tr>\n");
        }
        html.append("</table></div>\n");
    }

    /// Among several methods, of a column in which they differ.
    private boolean isBest(CardColumn column, double mean) {
        double[] distances = figures.rows().stream()
                .mapToDouble(row -> column.distance(column.spread(row).mean()))
                .filter(value -> !Double.isNaN(value))
                .sorted()
                .toArray();
        return distances.length > 1
                && distances[0] != distances[distances.length - 1]
                && column.distance(mean) == distances[0];
    }

    private void generations(StringBuilder html) {
        html.append(
                "<details><summary>Every generation</summary><div class=\"wide\"><table>\n<tr><th>method</th>"
                        + "<th>prompt</th><th>seed</th><th>PSNR dB</th><th>SSIM</th><th>tf rel-L2</th><th>final rel-L2</th></tr>\n");
        for (CardFigures.Row row : figures.rows()) {
            for (CardFigures.Scene scene : row.scenes()) {
                html.append("<tr><td>").append(escaped(row.method())).append("</td><td>");
                html.append(escaped(scene.prompt())).append("</td><td>").append(scene.seed());
                for (CardColumn column :
                        List.of(CardColumn.PSNR, CardColumn.SSIM, CardColumn.TEACHER_FORCED, CardColumn.FINAL)) {
                    CardFigures.Row single = new CardFigures.Row(row.method(), row.precision(), List.of(scene));
                    html.append("</td><td>")
                            .append(column.shown(column.spread(single).mean()));
                }
                html.append("</td></tr>\n");
            }
        }
        html.append("</table></div></details>\n");
    }

    private static String base64(BufferedImage image) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
