package io.lb4j.discovery.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.Record;

/** Against Knot DNS, whose zone changes while it is asked. */
class KnotTest {
    private static final String NAME = "_orders._tcp.test.";

    private final Recorder recorder = new Recorder();
    private KnotServer knot;
    private DnsDiscovery discovery;

    @BeforeEach
    void start(@TempDir Path directory) throws IOException {
        KnotServer.program();
        knot = new KnotServer(directory);
        knot.start();
        discovery = DnsDiscovery.builder(knot.address())
                .minTtl(Duration.ofMillis(100))
                .timeout(Duration.ofMillis(200))
                .build();
    }

    @AfterEach
    void stop() {
        if (knot != null) {
            discovery.close();
            knot.close();
        }
    }

    private static Record record(String line) {
        return FakeDns.records(line).get(0);
    }

    private static Record service(int weight, int port, String target) {
        return record(NAME + " 0 IN SRV 1 " + weight + " " + port + " " + target + ".test.");
    }

    private void awaitInstances(String... expected) {
        await().pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(recorder.snapshots)
                        .isNotEmpty()
                        .last()
                        .asInstanceOf(InstanceOfAssertFactories.list(ServiceInstance.class))
                        .extracting(instance -> instance.id() + " " + instance.weight())
                        .containsExactly(expected));
    }

    @Test
    void changes_areSeen_andADeadServerLeavesTheLastListInForce() {
        discovery.watch(NAME, recorder);
        await().until(() -> !recorder.unknown.isEmpty());

        Record a = record("a.test. 0 IN A 127.0.0.2");
        knot.update(List.of(), List.of(service(1, 80, "a"), service(1, 81, "a"), a));
        awaitInstances("127.0.0.2:80 1.0", "127.0.0.2:81 1.0");
        knot.update(List.of(service(1, 80, "a")), List.of(service(5, 80, "a")));
        awaitInstances("127.0.0.2:80 5.0", "127.0.0.2:81 1.0");
        knot.update(List.of(service(1, 81, "a")), List.of());
        awaitInstances("127.0.0.2:80 5.0");

        int known = recorder.snapshots.size();
        knot.kill();
        await().until(() -> !recorder.errors.isEmpty());
        knot.start();
        await().until(() -> recorder.unknown.size() == 2);

        assertThat(recorder.snapshots).hasSize(known);
        assertThat(recorder.errors).hasSizeLessThanOrEqualTo(2);
        knot.update(List.of(), List.of(service(1, 80, "a"), a));
        awaitInstances("127.0.0.2:80 1.0");
    }

    @Test
    void thousandServices_comeOverTcpWhole() {
        List<Record> records = IntStream.rangeClosed(1, 1000)
                .mapToObj(i -> service(1, i, "a" + i % 40))
                .toList();
        List<Record> targets = IntStream.range(0, 40)
                .mapToObj(i -> record("a" + i + ".test. 0 IN A 127.0.0." + (i + 1)))
                .toList();
        knot.update(List.of(), records.subList(0, 500));
        knot.update(List.of(), records.subList(500, 1000));
        knot.update(List.of(), targets);

        discovery.watch(NAME, recorder);

        await().until(() -> !recorder.snapshots.isEmpty());
        assertThat(recorder.snapshots.get(0)).hasSize(1000);
        assertThat(recorder.errors).isEmpty();
    }
}
