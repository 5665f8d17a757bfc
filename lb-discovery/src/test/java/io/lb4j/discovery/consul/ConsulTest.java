package io.lb4j.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.conformance.ConsulSource;
import io.lb4j.testing.Fuzzer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is Consul's own, with a real agent that has access control. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ConsulTest {
    private static final String MASTER = "6c1d4a52-8b55-4c1d-a6a5-0f3f9b1e7d11";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    static Path directory;

    private static ConsulSource consul;

    private static final class Told implements ServiceDiscovery.Listener {
        private volatile List<ServiceInstance> last = List.of();
        private final List<String> errors = new CopyOnWriteArrayList<>();

        @Override
        public void onInstances(List<ServiceInstance> instances) {
            last = instances;
        }

        @Override
        public void onUnknownService(String detail) {}

        @Override
        public void onError(Throwable error) {
            errors.add(error.getMessage());
        }
    }

    @BeforeAll
    static void start() throws Exception {
        Path acl = Files.writeString(directory.resolve("acl.json"), """
                {"acl": {"enabled": true, "default_policy": "deny", "tokens": {"master": "%s", "agent": "%s"}}}
                """.formatted(MASTER, MASTER));
        consul = new ConsulSource(directory, MASTER, "-config-file=" + acl);
        consul.start();
    }

    @AfterAll
    static void stop() throws Exception {
        if (consul != null) {
            consul.close();
        }
    }

    private static ConsulDiscovery.Builder discovery() {
        return ConsulDiscovery.builder("http://" + consul.address()).token(MASTER);
    }

    /** Ids are the agent's, not the service's: another service of the same id would take its place. */
    private static void register(String service, String id, String more) throws Exception {
        consul.put(
                "/v1/agent/service/register",
                "{\"ID\":\"%s\",\"Name\":\"%s\",\"Address\":\"127.0.0.1\",\"Port\":80%s}"
                        .formatted(service + "-" + id, service, more));
    }

    @Test
    void token_wrongThenRotated_isToldAndThenLetIn() throws Exception {
        register("tokens", "a", "");
        Path file = Files.writeString(directory.resolve("token"), "11111111-2222-3333-4444-555555555555");
        Told told = new Told();
        try (ConsulDiscovery discovery = ConsulDiscovery.builder("http://" + consul.address())
                .token(() -> Files.readString(file).strip())
                .build()) {
            discovery.watch("tokens", told);
            await().atMost(LONG).until(() -> !told.errors.isEmpty());
            assertThat(told.errors.get(0))
                    .contains("Consul http://")
                    .contains("403")
                    .contains("ACL");
            assertThat(told.errors.get(0)).doesNotContain("11111111");

            Files.writeString(file, MASTER);
            await().atMost(LONG).until(() -> told.last.size() == 1);
        }
    }

    @Test
    void token_inTheClear_isRefused() {
        assertThatThrownBy(() -> ConsulDiscovery.builder("http://consul.example:8500")
                        .token("secret")
                        .build())
                .hasMessage("Consul: http://consul.example:8500 with a token (expected: https, or a loopback address)");
        assertThatThrownBy(() -> ConsulRegistrar.builder("http://consul.example:8500")
                        .token("secret")
                        .build())
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void tags_allOfThem_areDemanded() throws Exception {
        register("tagged", "a", ",\"Tags\":[\"blue\",\"fast\"]");
        register("tagged", "b", ",\"Tags\":[\"blue\"]");
        Told told = new Told();
        try (ConsulDiscovery discovery = discovery().tags("blue", "fast").build()) {
            discovery.watch("tagged", told);
            await().atMost(LONG).until(() -> told.last.size() == 1);
        }
        assertThat(told.last.get(0).id()).isEqualTo("n1/tagged-a");
        assertThat(told.last.get(0).metadata())
                .containsEntry(ConsulDiscovery.TAGS, "blue,fast")
                .containsEntry(ConsulDiscovery.NODE, "n1")
                .containsEntry(ConsulDiscovery.DATACENTER, "dc1");
    }

    @Test
    void filterAndDatacenter_areConsulsToJudge() throws Exception {
        register("filtered", "a", ",\"Meta\":{\"version\":\"7\"}");
        register("filtered", "b", ",\"Meta\":{\"version\":\"8\"}");
        Told told = new Told();
        Told elsewhere = new Told();
        try (ConsulDiscovery discovery =
                        discovery().filter("Service.Meta.version == \"8\"").build();
                ConsulDiscovery other = discovery().datacenter("nowhere").build()) {
            discovery.watch("filtered", told);
            other.watch("filtered", elsewhere);
            await().atMost(LONG).until(() -> told.last.size() == 1);
            await().atMost(LONG).until(() -> !elsewhere.errors.isEmpty());
        }
        assertThat(told.last.get(0).id()).isEqualTo("n1/filtered-b");
        assertThat(elsewhere.errors.get(0)).contains("No path to datacenter");
    }

    @Test
    void warning_withoutPassing_hasItsOwnWeight() throws Exception {
        register(
                "warned",
                "a",
                ",\"Weights\":{\"Passing\":10,\"Warning\":2},\"Check\":{\"CheckID\":\"c\",\"TTL\":\"10m\",\"Status\":\"warning\"}");
        Told told = new Told();
        try (ConsulDiscovery discovery = discovery().passing(false).build()) {
            discovery.watch("warned", told);
            await().atMost(LONG)
                    .until(() -> told.last.size() == 1 && told.last.get(0).weight() == 2);

            consul.put("/v1/agent/check/pass/c", "");
            await().atMost(LONG).until(() -> told.last.get(0).weight() == 10);
        }
    }

    @Test
    void passing_criticalInstance_leavesTheList() throws Exception {
        register("critical", "a", ",\"Check\":{\"CheckID\":\"d\",\"TTL\":\"10m\",\"Status\":\"passing\"}");
        Told told = new Told();
        try (ConsulDiscovery discovery = discovery().build()) {
            discovery.watch("critical", told);
            await().atMost(LONG).until(() -> told.last.size() == 1);
            consul.put("/v1/agent/check/fail/d", "");
            await().atMost(LONG).until(() -> told.last.isEmpty());
        }
    }

    @Test
    void registration_carriesEverything_andCleansUpAfterItself() throws Exception {
        ServiceInstance instance = ServiceInstance.builder("127.0.0.1", 81)
                .id("full")
                .weight(2.6)
                .zone("z1")
                .priority(3)
                .secure(true)
                .build();
        Told told = new Told();
        try (ConsulDiscovery discovery = discovery().build();
                Registration registration = Registration.builder(
                                ConsulRegistrar.builder("http://" + consul.address())
                                        .token(MASTER)
                                        .tags("blue")
                                        .deregisterAfter(Duration.ofMinutes(2))
                                        .build(),
                                "full",
                                instance)
                        .ttl(Duration.ofSeconds(10))
                        .start()) {
            discovery.watch("full", told);
            await().atMost(LONG).until(() -> told.last.size() == 1);
            assertThat(registration.awaitRegistered(LONG)).isTrue();
            ServiceInstance listed = told.last.get(0);
            assertThat(listed.weight()).isEqualTo(2.6);
            assertThat(listed.zone()).isEqualTo("z1");
            assertThat(listed.priority()).isEqualTo(3);
            assertThat(listed.secure()).isTrue();
            JsonNode check = JSON.readTree(consul.get("/v1/agent/checks")).path("service:full");
            assertThat(check.path("Status").asText()).isEqualTo("passing");
            assertThat(check.path("Definition").toString() + check).contains("service:full");

            // Taken out behind its back: the next renewal finds out.
            consul.put("/v1/agent/service/deregister/full", "");
            await().atMost(LONG).until(() -> told.last.isEmpty());
            await().atMost(LONG).until(() -> told.last.size() == 1);
        }
        assertThat(JSON.readTree(consul.get("/v1/agent/services")).has("full")).isFalse();
    }

    @Test
    void registration_tokenWithoutRights_isRefusedWithConsulsWords() {
        try (Registration registration = Registration.builder(
                        ConsulRegistrar.builder("http://" + consul.address())
                                .token("11111111-2222-3333-4444-555555555555")
                                .build(),
                        "refused",
                        ServiceInstance.of("127.0.0.1", 82))
                .start()) {
            await().atMost(LONG).until(() -> registration.status().state() == Registration.State.REFUSED);
            assertThat(registration.status().detail())
                    .contains("Consul http://")
                    .contains("403");
        }
    }

    @Test
    void entries_ofAnyContent_giveInstancesOrComplaints() {
        List<String> sound = List.of(
                "[{\"Node\":{\"Node\":\"n\",\"Address\":\"10.0.0.1\",\"Datacenter\":\"dc1\",\"Meta\":{\"a\":\"b\"}},"
                        + "\"Service\":{\"ID\":\"s1\",\"Address\":\"\",\"Port\":80,\"Tags\":[\"t\"],"
                        + "\"Meta\":{\"priority\":\"1\",\"zone\":\"z\"},\"Weights\":{\"Passing\":2,\"Warning\":1}},"
                        + "\"Checks\":[{\"Status\":\"warning\"},{\"Status\":\"passing\"}]}]");
        List<String> words =
                List.of("\"Node\":", "\"Service\":", "\"Port\":", "-1", "70000", "null", "\"\"", "{}", "[]");
        new Fuzzer(9, sound, words).run("consul entries", input -> {
            JsonNode body;
            try {
                body = JSON.readTree(input);
            } catch (java.io.IOException e) {
                return "not JSON";
            }
            List<String> complaints = new ArrayList<>();
            List<ServiceInstance> instances = ConsulEntries.read(body == null ? JSON.missingNode() : body, complaints);
            assertThat(complaints).noneMatch(String::isBlank);
            return instances.size() + " instances, complaints: " + !complaints.isEmpty();
        });
    }
}
