package io.lb4j.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.Registration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real members that elect a leader, some of which are killed. */
class EtcdClusterTest {
    @TempDir
    private Path directory;

    private final Recorder recorder = new Recorder();
    private final List<EtcdServer> servers = new ArrayList<>();
    private EtcdDiscovery discovery;

    @AfterEach
    void stop() {
        if (discovery != null) {
            discovery.close();
        }
        servers.forEach(EtcdServer::close);
    }

    private static String[] urls(List<EtcdServer> servers) {
        return servers.stream().map(EtcdServer::url).toArray(String[]::new);
    }

    private void watch(List<EtcdServer> asked) {
        discovery = EtcdDiscovery.builder(urls(asked)).random(new FirstMember()).build();
        discovery.watch("orders", recorder);
    }

    private void awaitLast(String... authorities) {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(10))
                .untilAsserted(() -> assertThat(recorder.last()).containsExactlyInAnyOrder(authorities));
    }

    private static ServiceInstance instance(int port) {
        return ServiceInstance.of("127.0.0.1", port);
    }

    @Test
    void aFollowerAndThenTheLeaderKilled_listAndRegistrationGoOn() {
        servers.addAll(EtcdServer.cluster(directory, 3));
        await().until(() -> servers.stream().anyMatch(EtcdServer::isLeader));
        // Both are watched when they are killed.
        servers.sort(Comparator.comparing(EtcdServer::isLeader));
        EtcdServer follower = servers.get(0);
        EtcdServer leader = servers.get(2);
        List<EtcdServer> asked = List.of(follower, leader, servers.get(1));
        watch(asked);
        try (Registration registration = Registration.builder(EtcdRegistrar.of(urls(asked)), "orders", instance(1))
                .ttl(Duration.ofSeconds(20))
                .start()) {
            awaitLast("127.0.0.1:1");

            follower.kill();
            leader.put("orders", instance(2));
            awaitLast("127.0.0.1:1", "127.0.0.1:2");
            assertThat(recorder.errors).isEmpty();

            follower.start();
            leader.kill();
            registration.update(instance(1).toBuilder().weight(3).build());
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() ->
                            assertThat(recorder.snapshots).last().asString().contains("weight=3.0"));
            assertThat(recorder.snapshots).allMatch(list -> list.contains(instance(1)) || list.size() == 2);
        }
        awaitLast("127.0.0.1:2");
    }

    /** It says so at the end of its streams; a read would wait for a leader first. */
    @Test
    void aMemberWithoutLeader_isPassedOverAtOnce() throws Exception {
        servers.addAll(EtcdServer.cluster(directory, 2));
        EtcdServer left = servers.get(0);
        EtcdServer elsewhere = new EtcdServer(Files.createDirectory(directory.resolve("elsewhere")));
        servers.add(elsewhere);
        elsewhere.start();
        left.put("orders", instance(1));
        elsewhere.put("orders", instance(2));
        watch(List.of(left, elsewhere));
        awaitLast("127.0.0.1:1");
        int reads = left.reads();

        servers.get(1).kill();
        awaitLast("127.0.0.1:2");

        assertThat(left.reads()).isEqualTo(reads);
        assertThat(recorder.errors).isEmpty();
    }
}
