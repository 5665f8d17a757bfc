package io.lb4j.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What the numbers of this run hold for. */
final class Machine {
    private Machine() {}

    /** Processor, cores, operating system and JVM, in one line. */
    static String describe() {
        return String.format(
                "%s, %d cores, %s %s, %s %s",
                processor(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                System.getProperty("java.vm.name"),
                System.getProperty("java.vm.version"));
    }

    private static String processor() {
        Path info = Path.of("/proc/cpuinfo");
        if (Files.isReadable(info)) {
            try (Stream<String> lines = Files.lines(info)) {
                return lines.filter(line -> line.startsWith("model name"))
                        .findFirst()
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .orElse("unnamed processor");
            } catch (IOException e) {
                return "unreadable processor";
            }
        }
        return "unknown processor";
    }
}
