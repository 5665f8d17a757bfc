package io.lb4j.discovery.decorator;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes that write as fast as they can and are killed in the middle of it. */
class KilledWriterTest {
    private static final int ROUNDS = 6;

    @TempDir
    Path directory;

    @Test
    void killedWriters_leaveAWholeList() throws Exception {
        Random random = new Random(7);
        Path file = directory.resolve("orders.lkg");
        for (int round = 0; round < ROUNDS; round++) {
            List<Process> writers = List.of(writer(), writer());
            try {
                for (Process writer : writers) {
                    // It has written once.
                    assertThat(writer.getInputStream().read()).isEqualTo('w');
                }
                Thread.sleep(random.nextInt(30));
            } finally {
                writers.forEach(Process::destroyForcibly);
            }
            for (Process writer : writers) {
                assertThat(writer.waitFor(20, TimeUnit.SECONDS)).isTrue();
            }
            SavedList saved = SavedList.parse(Files.readAllBytes(file));
            assertThat(saved.instances()).hasSize(2000);
            assertThat(saved.instances().stream()
                            .mapToInt(ServiceInstance::port)
                            .distinct())
                    .hasSize(1);
        }
    }

    private Process writer() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledWriterTest.class.getName(),
                        directory.toString())
                .redirectError(new File("/dev/null"))
                .start();
    }

    /** Writes for ever: lists that are alike in each of their instances. */
    public static void main(String[] args) {
        Scheduler none = (task, delay) -> () -> {};
        for (int i = 1; ; i = i % 60_000 + 1) {
            SavedLists lists = new SavedLists(Path.of(args[0]), Runnable::run, none, InstantSource.system());
            List<ServiceInstance> instances = new ArrayList<>();
            for (int j = 0; j < 2000; j++) {
                instances.add(
                        ServiceInstance.builder("10.0.0.1", i).id("id-" + j).build());
            }
            lists.write(new SavedList("orders", Instant.now(), instances));
            if (i == 1) {
                System.out.write('w');
                System.out.flush();
            }
        }
    }
}
