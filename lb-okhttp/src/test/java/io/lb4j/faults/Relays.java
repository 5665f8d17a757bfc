package io.lb4j.faults;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The process of the {@link Relay relays}, if there is to be one. */
final class Relays implements AutoCloseable {
    private final @Nullable Process process;

    Relays(boolean wanted) throws IOException {
        if (!wanted) {
            process = null;
            return;
        }
        Process started = new ProcessBuilder(Fleet.java(Relay.class))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process = started;
        if (started.getInputStream().read() < 0) {
            throw new IllegalStateException("the relays' process ended at once");
        }
    }

    /** What goes to a server is delayed from now on. */
    void delay(int i, int millis, int jitter) throws IOException {
        Process running = process;
        if (running == null) {
            throw new IllegalStateException("relays: none (expected: throughRelays)");
        }
        String command = i + " " + millis + " " + jitter + "\n";
        running.getOutputStream().write(command.getBytes(StandardCharsets.UTF_8));
        running.getOutputStream().flush();
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroyForcibly();
        }
    }
}
