package io.lb4j.discovery.zookeeper;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.MalformedException;
import io.lb4j.testing.Fuzzer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What stands in the nodes, by whomever. */
class CuratorJsonTest {
    private static final String CURATORS =
            "{\"name\":\"orders\",\"id\":\"o-1\",\"address\":\"127.0.0.1\",\"port\":9001,\"sslPort\":9443,\"payload\":{\"@class\":"
                    + "\"java.util.ImmutableCollections$Map1\",\"zone\":\"z1\",\"weight\":2.5,\"priority\":1,\"n\":[\"java.lang.Long\",7]},"
                    + "\"registrationTimeUTC\":1795431723966,\"serviceType\":\"DYNAMIC\",\"uriSpec\":{\"parts\":[{\"value\":\"http://\","
                    + "\"variable\":false}]}}";

    /** Spring Cloud's, as its serializer for Jackson writes it. */
    private static final String SPRINGS =
            "{\"name\":\"orders\",\"id\":\"5d6f\",\"address\":\"10.1.2.3\",\"port\":8080,\"sslPort\":null,\"payload\":{\"@class\":"
                    + "\"org.springframework.cloud.zookeeper.discovery.ZookeeperInstance\",\"id\":\"orders:8080\",\"name\":\"orders\","
                    + "\"metadata\":{\"instance_status\":\"UP\",\"zone\":\"z2\"}},\"registrationTimeUTC\":1,\"serviceType\":\"DYNAMIC\","
                    + "\"uriSpec\":null,\"enabled\":false}";

    private static ServiceInstance read(String text, boolean preferTls) throws MalformedException {
        return CuratorJson.read("node", text.getBytes(UTF_8), preferTls);
    }

    @Test
    void instance_ofCurators_isRead() throws Exception {
        ServiceInstance expected = ServiceInstance.builder("127.0.0.1", 9001)
                .id("node")
                .zone("z1")
                .weight(2.5)
                .priority(1)
                .metadata(Map.of("n", "7"))
                .build();

        assertThat(read(CURATORS, false)).isEqualTo(expected);
        ServiceInstance tls = read(CURATORS, true);
        assertThat(tls.port()).isEqualTo(9443);
        assertThat(tls.secure()).isTrue();
    }

    /** One that is switched off gets no new calls. */
    @Test
    void instance_ofSprings_isRead() throws Exception {
        assertThat(read(SPRINGS, false))
                .isEqualTo(ServiceInstance.builder("10.1.2.3", 8080)
                        .id("node")
                        .zone("z2")
                        .weight(0)
                        .metadata(Map.of("id", "orders:8080", "name", "orders", "instance_status", "UP"))
                        .build());
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES) // for a million inputs; twenty thousand take a second or two
    void node_ofAnyContent_isReadOrRefused() {
        List<String> words = List.of(
                "\"address\":",
                "\"port\":",
                "\"sslPort\":",
                "\"payload\":",
                "\"enabled\":",
                "\"@class\":",
                "\"weight\":",
                "\"metadata\":",
                "[\"java.lang.Long\",7]",
                "{\"@class\":\"javax.script.ScriptEngineManager\"}",
                "null",
                "70000");
        new Fuzzer(11, List.of(CURATORS, SPRINGS), words).run("ZooKeeper node", input -> {
            ServiceInstance instance;
            try {
                instance = read(input, false);
            } catch (MalformedException e) {
                return Fuzzer.kind(e);
            }
            assertThat(read(new String(CuratorJson.write("orders", instance, 1), UTF_8), false))
                    .isEqualTo(instance);
            return "sound " + instance.secure() + instance.metadata().size();
        });
    }
}
