package io.lb4j.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.lb4j.discovery.dns.DnsDiscovery;
import io.lb4j.discovery.etcd.EtcdDiscovery;
import io.lb4j.discovery.eureka.EurekaDiscovery;
import io.lb4j.discovery.eureka.EurekaRegistrar;
import io.lb4j.discovery.internal.InstanceReader;
import io.lb4j.discovery.kubernetes.KubernetesDiscovery;
import io.lb4j.discovery.zookeeper.ZooKeeperDiscovery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** What docs/discovery.md says is so. */
class DocumentationTest {
    private static String document() throws IOException {
        return Files.readString(Path.of("..", "docs", "discovery.md"));
    }

    @Test
    void file_ofTheDocumentation_isRead() throws IOException {
        String document = document();
        int start = document.indexOf("```json\n") + "```json\n".length();
        String file = document.substring(start, document.indexOf("```", start));

        assertThat(InstanceReader.services(file.getBytes(UTF_8), "services.json"))
                .containsOnlyKeys("orders", "users")
                .hasEntrySatisfying("orders", orders -> assertThat(orders).hasSize(2));
        String wrong = file.replace(" 8082", " \"8082\"");
        assertThat(document())
                .contains(catchThrowable(() -> InstanceReader.services(wrong.getBytes(UTF_8), "services.json"))
                        .getMessage());
    }

    @Test
    void defaults_ofTheDocumentation_areThoseOfTheCode() throws IOException {
        assertThat(document())
                .contains("every " + FileDiscovery.DEFAULT_CHECK_INTERVAL.toMillis() + " ms")
                .contains("at most " + FileDiscovery.MAX_BYTES / (1 << 20) + " MiB")
                .contains("| lease | 15 s | 1 s to 10 minutes;")
                .contains("| wait | 30 s | at most 60 s |")
                .contains("| registration's body | | 8 KiB |")
                .contains("| all registrations | | 8 MiB |")
                .contains("| threads | " + RegistryServer.THREADS + " |");
        assertThat(RegistryRules.DEFAULT_TTL).isEqualTo(Duration.ofSeconds(15));
        assertThat(RegistryRules.MIN_TTL).isEqualTo(Duration.ofSeconds(1));
        assertThat(RegistryRules.MAX_TTL).isEqualTo(Duration.ofMinutes(10));
        assertThat(RegistryRules.DEFAULT_WAIT).isEqualTo(Duration.ofSeconds(30));
        assertThat(RegistryRules.MAX_WAIT).isEqualTo(Duration.ofSeconds(60));
        assertThat(RegistryRules.MAX_BODY_BYTES).isEqualTo(8 << 10);
        assertThat(RegistryRules.MAX_TOTAL_BYTES).isEqualTo(8 << 20);
        assertThat(RegistryRules.MIN_TOKEN_LENGTH).isEqualTo(16);
    }

    @Test
    void dns_ofTheDocumentation_isAsInTheCode() throws IOException {
        assertThat(Files.readString(Path.of("..", "docs", "discovery-dns.md")))
                .contains("| at least (`minTtl`) | " + DnsDiscovery.DEFAULT_MIN_TTL.toSeconds() + " s |")
                .contains("| at most (`maxTtl`) | " + DnsDiscovery.DEFAULT_MAX_TTL.toMinutes() + " min |")
                .contains("each may take " + DnsDiscovery.DEFAULT_TIMEOUT.toSeconds() + " s (`timeout`)");
    }

    @Test
    void etcd_ofTheDocumentation_isAsInTheCode() throws IOException {
        assertThat(Files.readString(Path.of("..", "docs", "discovery-etcd.md")))
                .contains("every " + EtcdDiscovery.DEFAULT_WAIT.toSeconds() + " s (`waitTime`)")
                .contains("`prefix` is `" + EtcdDiscovery.DEFAULT_PREFIX + "` unless set");
    }

    @Test
    void eureka_ofTheDocumentation_isAsInTheCode() throws IOException {
        assertThat(Files.readString(Path.of("..", "docs", "discovery-eureka.md")))
                .contains("every " + EurekaDiscovery.DEFAULT_INTERVAL.toSeconds() + " s (`interval`,")
                .contains("kept for " + EurekaDiscovery.DEFAULT_KEEP_FORGOTTEN.toSeconds() + " s (`keepForgotten`)")
                .contains("metadata `" + EurekaDiscovery.STATUS + "`")
                .contains("A lease is " + EurekaRegistrar.DEFAULT_TTL.toSeconds() + " s unless");
    }

    @Test
    void kubernetes_ofTheDocumentation_isAsInTheCode() throws IOException {
        assertThat(Files.readString(Path.of("..", "docs", "discovery-kubernetes.md")))
                .contains("lasts " + KubernetesDiscovery.DEFAULT_WATCH_TIME.toSeconds() + " s (`watchTime`)")
                .contains("metadata `" + KubernetesDiscovery.CONDITION + "`");
    }

    @Test
    void zooKeeper_ofTheDocumentation_isAsInTheCode() throws IOException {
        assertThat(Files.readString(Path.of("..", "docs", "discovery-zookeeper.md")))
                .contains("session time-out (" + ZooKeeperDiscovery.DEFAULT_SESSION_TIMEOUT.toSeconds()
                        + " s, `sessionTimeout`)")
                .contains("a node `" + ZooKeeperDiscovery.DEFAULT_BASE_PATH + "/orders/<id>`");
    }

    @Test
    void schemes_everyShippedOne_isInTheTable() throws IOException {
        List<String> schemes = ServiceLoader.load(DiscoveryProvider.class).stream()
                .filter(provider -> provider.type().getName().startsWith("io.lb4j.discovery.providers."))
                .map(provider -> provider.get().scheme())
                .toList();

        assertThat(schemes).hasSizeGreaterThan(5);
        for (String scheme : schemes) {
            assertThat(document()).contains("\n| `" + scheme + ":");
        }
    }
}
