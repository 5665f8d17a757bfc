package io.lb4j.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import io.lb4j.testing.Fuzzer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What agents list, right and wrong. */
@Timeout(value = 30, unit = TimeUnit.MINUTES) // for a million inputs; twenty thousand take a second or two
class ConsulEntriesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FULL = """
            {"Node": {"Node": "n1", "Address": "10.0.0.1", "Datacenter": "dc1", "Meta": {"zone": "z0", "rack": "r1"}},
             "Service": {"ID": "i1", "Address": "", "Port": 80, "Tags": ["blue", "blue"],
                         "Meta": {"zone": "z1", "priority": "2", "secure": "true"}, "Weights": {"Passing": 10, "Warning": 3}},
             "Checks": [%s]}""";

    private static ServiceInstance one(String entry) throws IOException {
        List<String> complaints = new ArrayList<>();
        List<ServiceInstance> instances = ConsulEntries.read(JSON.readTree("[" + entry + "]"), complaints);
        assertThat(complaints).isEmpty();
        return instances.get(0);
    }

    private static double weight(String checks) throws IOException {
        return one(String.format(FULL, checks)).weight();
    }

    private static String check(String id, String status) {
        return "{\"CheckID\":\"" + id + "\",\"Status\":\"" + status + "\"}";
    }

    @Test
    void everything_isTakenOver() throws IOException {
        assertThat(one(String.format(FULL, check("a", "passing"))))
                .isEqualTo(ServiceInstance.builder("10.0.0.1", 80)
                        .id("n1/i1")
                        .weight(10)
                        .zone("z1")
                        .priority(2)
                        .secure(true)
                        .metadata(Map.of(
                                "zone",
                                "z1",
                                "rack",
                                "r1",
                                "priority",
                                "2",
                                "secure",
                                "true",
                                ConsulDiscovery.TAGS,
                                "blue,blue",
                                ConsulDiscovery.NODE,
                                "n1",
                                ConsulDiscovery.DATACENTER,
                                "dc1"))
                        .build());
    }

    @Test
    void ownAddress_isPreferredToTheNodes() throws IOException {
        assertThat(one("{\"Node\":{\"Node\":\"n\",\"Address\":\"10.0.0.1\"},"
                                + "\"Service\":{\"ID\":\"i\",\"Address\":\"[::1]\",\"Port\":1}}")
                        .authority())
                .isEqualTo("[::1]:1");
    }

    @Test
    void weight_isThatOfTheWorstCheck_andNoneInMaintenance() throws IOException {
        assertThat(weight("")).isEqualTo(10);
        assertThat(weight(check("a", "passing"))).isEqualTo(10);
        assertThat(weight(check("a", "passing") + "," + check("b", "warning"))).isEqualTo(3);
        assertThat(weight(check("b", "critical") + "," + check("a", "warning"))).isEqualTo(10);
        assertThat(weight(check("_service_maintenance:i1", "critical"))).isZero();
        assertThat(weight(check("_node_maintenance", "critical"))).isZero();
        assertThat(one("{\"Node\":{\"Node\":\"n\"},\"Service\":{\"ID\":\"i\",\"Address\":\"a\",\"Port\":1,"
                                + "\"Meta\":{\"lb4j-weight\":\"0.5\"},\"Weights\":{\"Passing\":1}}}")
                        .weight())
                .isEqualTo(0.5);
        assertThat(one("{\"Node\":{\"Node\":\"n\"},\"Service\":{\"ID\":\"i\",\"Address\":\"a\",\"Port\":1}}")
                        .weight())
                .isEqualTo(1);
    }

    @Test
    void answer_ofAnyContent_isUnderstoodOrComplainedOf() {
        List<String> sound = List.of("[" + String.format(FULL, check("a", "warning")) + "]", "[]", "[{}]");
        List<String> words = List.of(
                "\"Node\":",
                "\"Service\":",
                "\"Meta\":",
                "\"lb4j-weight\":",
                "\"priority\":",
                "null",
                "[]",
                "{}",
                "65536");
        new Fuzzer(1, sound, words).run("answer of Consul", input -> {
            JsonNode answer;
            try {
                answer = JSON.readTree(input);
            } catch (IOException e) {
                return "no JSON";
            }
            List<String> complaints = new ArrayList<>();
            List<ServiceInstance> instances = ConsulEntries.read(answer, complaints);
            assertThat(instances).extracting(ServiceInstance::id).doesNotHaveDuplicates();
            assertThat(instances.size() + complaints.size()).isEqualTo(answer.isContainerNode() ? answer.size() : 0);
            return instances.size() + " sound, "
                    + complaints.stream()
                            .map(c -> c.replaceAll(":.*", ""))
                            .distinct()
                            .toList();
        });
    }
}
