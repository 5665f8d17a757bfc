package io.lb4j.faults;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What a process that leaks has ever more of. The heap is what a collection that was just asked for left over, and the states
 * are those that it found reachable.
 */
record Vitals(int minute, int threads, long heapKilobytes, int sockets, long descriptors, long states) {
    static final String HEADER = """
            | minute | threads | heap after GC, kB | sockets | descriptors | instance states |
            |---|---|---|---|---|---|
            """;

    static Vitals now(int minute) throws IOException, JMException {
        String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        UnixOperatingSystemMXBean system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return new Vitals(
                minute,
                ManagementFactory.getThreadMXBean().getThreadCount(),
                bytes(histogram) / 1024,
                openSockets(),
                system.getOpenFileDescriptorCount(),
                instances(histogram, "io.lb4j.balancer.InstanceState"));
    }

    /** Lines are {@code num: #instances #bytes class}, the last {@code Total #instances #bytes}. */
    private static long bytes(String histogram) {
        for (String line : histogram.split("\n", -1)) {
            String[] words = line.trim().split("\\s+", -1);
            if (words[0].equals("Total")) {
                return Long.parseLong(words[2]);
            }
        }
        throw new IllegalStateException("class histogram without a total: " + histogram);
    }

    private static long instances(String histogram, String name) {
        for (String line : histogram.split("\n", -1)) {
            String[] words = line.trim().split("\\s+", -1);
            if (words.length > 3 && words[3].equals(name)) {
                return Long.parseLong(words[1]);
            }
        }
        return 0;
    }

    private static int openSockets() throws IOException {
        int count = 0;
        try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path link : links) {
                try {
                    if (Files.readSymbolicLink(link).toString().startsWith("socket:")) {
                        count++;
                    }
                } catch (IOException e) {
                    // Closed since the directory was read.
                }
            }
        }
        return count;
    }

    String markdown() {
        return String.format(
                Locale.ROOT,
                "| %d | %d | %d | %d | %d | %d |",
                minute,
                threads,
                heapKilobytes,
                sockets,
                descriptors,
                states);
    }
}
