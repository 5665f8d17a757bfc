package io.lb4j.examples;

import java.io.Console;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Standard output as a place where a picture is redrawn, if it is a terminal; lines that scroll away if not. Closing it,
 * or the end of the process, leaves the terminal as it was. Thread-safe.
 */
final class Screen implements AutoCloseable {
    private static final String NO_WRAP_NO_CURSOR = "\033[?7l\033[?25l";
    private static final String WRAP_AND_CURSOR = "\033[?7h\033[?25h";

    private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private final boolean live;
    private final boolean colours;
    private final Thread restore = new Thread(this::restore, "restore the terminal");
    private int drawn;
    private boolean closed;

    Screen() {
        String term = System.getenv().getOrDefault("TERM", "dumb");
        live = isTerminal() && !term.equals("dumb");
        colours = live && System.getenv().getOrDefault("NO_COLOR", "").isEmpty();
        if (live) {
            Runtime.getRuntime().addShutdownHook(restore);
            out.print(NO_WRAP_NO_CURSOR);
            out.flush();
        }
    }

    @SuppressWarnings("SystemConsoleNull") // up to 21 null is what says that there is no terminal
    private static boolean isTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            // Since 22 there is a console without a terminal, too, and this method to tell.
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException e) {
            return true;
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }

    /** Whether {@link #draw} replaces what it drew before; if not, draw nothing. */
    boolean isLive() {
        return live;
    }

    /** Whether text may hold colours. */
    boolean hasColours() {
        return colours;
    }

    /** Prints lines that stay, below what was drawn last. */
    synchronized void print(String... lines) {
        drawn = 0;
        out.print(String.join("\n", lines) + "\n");
        out.flush();
    }

    /** Replaces what was drawn last. */
    synchronized void draw(List<String> lines) {
        if (closed) {
            return;
        }
        // Line by line over the old picture, in one write: clearing it first would flicker.
        StringBuilder picture = new StringBuilder(4096);
        if (drawn > 0) {
            picture.append("\033[").append(drawn).append('A');
        }
        for (String each : lines) {
            picture.append(each).append("\033[K\n");
        }
        out.print(picture.append("\033[J"));
        out.flush();
        drawn = lines.size();
    }

    private synchronized void restore() {
        if (live && !closed) {
            closed = true;
            out.print(WRAP_AND_CURSOR);
            out.flush();
        }
    }

    /** What was drawn last stays; nothing is drawn from now on. */
    @Override
    public void close() {
        restore();
    }
}
