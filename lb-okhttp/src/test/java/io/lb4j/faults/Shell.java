package io.lb4j.faults;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Runs a short command and insists that it works. */
final class Shell {
    private Shell() {}

    static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + output);
        }
    }
}
