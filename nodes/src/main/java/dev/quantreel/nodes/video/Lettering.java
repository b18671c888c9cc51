package dev.quantreel.nodes.video;

import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.lang.System.Logger.Level;

/// Whether this Java can draw text: on Linux it needs fontconfig and at least one font, which small containers lack.
/// Without them captions and plots are left out, everything else works.
public final class Lettering {

    /// What to do about it.
    public static final String REMEDY =
            "this machine has no fonts, so plots and captions are left out; install fontconfig and a font, for example"
                    + " apt install fontconfig fonts-dejavu-core";

    private Lettering() {}

    /// Asked once per process.
    public static boolean isPossible() {
        return Probe.POSSIBLE;
    }

    private static final class Probe {

        static final boolean POSSIBLE = draws();

        private static boolean draws() {
            Graphics2D graphics = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB).createGraphics();
            try {
                return graphics.getFontMetrics(new Font(Font.SANS_SERIF, Font.PLAIN, 12))
                                .stringWidth("a")
                        > 0;
            } catch (RuntimeException | Error e) { // the JDK throws bare Errors, too, by what is missing
                System.getLogger(Lettering.class.getName()).log(Level.WARNING, REMEDY + " (" + e.getMessage() + ")");
                return false;
            } finally {
                graphics.dispose();
            }
        }
    }
}
