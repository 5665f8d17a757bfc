package io.lb4j.simulator;

import java.io.PrintStream;
import java.util.function.BiConsumer;

/**
 * How far a simulation is and how long it will take still, on a terminal as a bar that grows, elsewhere as a line for each tenth.
 * Thread-safe.
 */
final class ProgressBar implements BiConsumer<Integer, Integer> {
    private static final int WIDTH = 40;

    private final PrintStream out;
    private final boolean terminal;
    private final long began = System.nanoTime();
    private int most;

    ProgressBar(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** On the error stream, so that it doesn't get among results. */
    static ProgressBar onErrorStream() {
        String terminal = System.getenv("TERM");
        return new ProgressBar(System.err, terminal != null && !terminal.equals("dumb"));
    }

    @Override
    public synchronized void accept(Integer done, Integer all) {
        // Runs end on several threads, and the one that counted later may come here first.
        if (done <= most) {
            return;
        }
        boolean newTenth = 10 * done / all > 10 * most / all;
        most = done;
        double seconds = (System.nanoTime() - began) / 1e9;
        String left = String.format("%d of %d runs, about %.0f s left", done, all, seconds / done * (all - done));
        if (terminal) {
            int bar = WIDTH * done / all;
            out.printf("\r[%s%s] %s ", "#".repeat(bar), "-".repeat(WIDTH - bar), left);
            if (done.equals(all)) {
                out.println();
            }
        } else if (newTenth) {
            out.println(left);
        }
    }
}
