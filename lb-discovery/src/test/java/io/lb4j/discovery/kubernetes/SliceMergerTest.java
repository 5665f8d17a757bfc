package io.lb4j.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What becomes of slices. */
class SliceMergerTest {
    private static final String HTTP = "{\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}";

    private final List<EndpointSlice> slices = new ArrayList<>();
    private List<String> complaints = List.of();

    private void slice(String type, String ports, String... endpoints) throws IOException {
        String json = "{\"metadata\":{\"name\":\"s" + slices.size() + "\"},\"addressType\":\"" + type + "\",\"ports\":["
                + ports + "],\"endpoints\":[" + String.join(",", endpoints) + "]}";
        slices.add(EndpointSlice.of(new ObjectMapper().readTree(json)));
    }

    private static String endpoint(String address, String more) {
        return "{\"addresses\":[\"" + address + "\"]" + (more.isEmpty() ? "" : "," + more) + "}";
    }

    private static String conditions(
            @Nullable Boolean ready, @Nullable Boolean serving, @Nullable Boolean terminating) {
        return "\"conditions\":{\"ready\":" + ready + ",\"serving\":" + serving + ",\"terminating\":" + terminating
                + "}";
    }

    private List<ServiceInstance> merged(String service, SliceMerger.Rules rules) {
        SliceMerger merger = new SliceMerger(ServiceName.parse(service, "default"), rules);
        List<ServiceInstance> instances = merger.merge(slices);
        complaints = merger.complaints();
        return instances;
    }

    private List<ServiceInstance> merged(String service) {
        return merged(service, new SliceMerger.Rules(false, false, null, null));
    }

    private static List<String> addresses(List<ServiceInstance> instances) {
        return instances.stream().map(ServiceInstance::authority).toList();
    }

    @Test
    void endpoint_withEverything_isMapped() throws IOException {
        slice(
                "IPv4",
                "{\"name\":\"https\",\"port\":8443}",
                "{\"addresses\":[\"10.0.0.1\",\"10.9.9.9\"],\"conditions\":{\"ready\":true},\"hostname\":\"web-0\","
                        + "\"nodeName\":\"n1\",\"zone\":\"eu-1a\",\"targetRef\":{\"kind\":\"Pod\",\"name\":\"web-0-abc\"},"
                        + "\"hints\":{\"forZones\":[{\"name\":\"eu-1a\"},{\"name\":\"eu-1b\"}]}}");

        assertThat(merged("orders"))
                .containsExactly(ServiceInstance.builder("10.0.0.1", 8443)
                        .secure(true)
                        .zone("eu-1a")
                        .metadata(java.util.Map.of(
                                "pod", "web-0-abc", "node", "n1", "hostname", "web-0", "hints", "eu-1a,eu-1b"))
                        .build());
    }

    @Test
    void conditions_thatAreMissing_meanReady() throws IOException {
        slice("IPv4", HTTP, endpoint("10.0.0.1", ""), endpoint("10.0.0.2", conditions(null, null, null)));

        assertThat(merged("orders")).allMatch(each -> !each.isDraining()).hasSize(2);
    }

    @Test
    void terminating_isDrainedWhileAnotherIsReady_andTheLastResortOtherwise() throws IOException {
        slice(
                "IPv4",
                HTTP,
                endpoint("10.0.0.1", conditions(true, true, false)),
                endpoint("10.0.0.2", conditions(false, true, true)),
                endpoint("10.0.0.3", conditions(false, false, true)),
                endpoint("10.0.0.4", conditions(false, false, false)));

        List<ServiceInstance> instances = merged("orders");
        assertThat(addresses(instances)).containsExactly("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.4:8080");
        assertThat(instances).extracting(ServiceInstance::isDraining).containsExactly(false, true, true);
        assertThat(instances.get(1).weight()).isEqualTo(1);
        assertThat(instances.get(1).metadata())
                .containsEntry("condition", "terminating")
                .containsEntry("terminating", "true");
        assertThat(instances.get(2).weight()).isZero();
        assertThat(instances.get(2).metadata()).containsEntry("condition", "notReady");

        slices.clear();
        slice(
                "IPv4",
                HTTP,
                endpoint("10.0.0.2", conditions(false, true, true)),
                endpoint("10.0.0.4", conditions(false, false, false)));
        assertThat(merged("orders")).extracting(ServiceInstance::isDraining).containsExactly(false, true);
    }

    /** As before Kubernetes 1.22, which didn't say whether an endpoint still serves. */
    @Test
    void terminating_withoutServing_isTheLastResort() throws IOException {
        slice("IPv4", HTTP, endpoint("10.0.0.1", conditions(false, null, true)));

        assertThat(merged("orders")).singleElement().returns(false, ServiceInstance::isDraining);
    }

    /** Where services publish those that aren't ready: ready is what counts. */
    @Test
    void readyAndTerminating_isReady() throws IOException {
        slice("IPv4", HTTP, endpoint("10.0.0.1", conditions(true, true, true)));

        assertThat(merged("orders")).noneMatch(ServiceInstance::isDraining).hasSize(1);
    }

    @Test
    void sameAddressInTwoSlices_isOneInstance_andTheBetterConditionCounts() throws IOException {
        slice("IPv4", HTTP, endpoint("10.0.0.1", conditions(false, false, false)), endpoint("10.0.0.2", ""));
        slice("IPv4", HTTP, endpoint("10.0.0.1", ""), endpoint("10.0.0.2", conditions(false, true, true)));

        assertThat(merged("orders")).hasSize(2).noneMatch(ServiceInstance::isDraining);
    }

    @Test
    void family_isTheFirstThatHasAny() throws IOException {
        slice("IPv6", HTTP, endpoint("fd00::1", ""));
        slice("IPv4", HTTP, endpoint("10.0.0.1", ""));
        slice("FQDN", HTTP, endpoint("a.example", ""));

        assertThat(addresses(merged("orders"))).containsExactly("10.0.0.1:8080");
        assertThat(addresses(merged("orders", new SliceMerger.Rules(true, false, null, null))))
                .containsExactly("[fd00::1]:8080");
        slices.remove(0);
        slices.remove(0);
        assertThat(addresses(merged("orders"))).containsExactly("a.example:8080");
    }

    /** A service has slices for both from the first, one of which stays empty where pods have one kind of address. */
    @Test
    void family_withoutEndpoints_doesNotHideTheOther() throws IOException {
        slice("IPv4", HTTP);
        slice("IPv6", HTTP, endpoint("fd00::1", ""));

        assertThat(addresses(merged("orders"))).containsExactly("[fd00::1]:8080");
    }

    /** That is how a slice says that every port is meant. */
    @Test
    void portWithoutANumber_doesForANumberOnly() throws IOException {
        slice("IPv4", "{\"name\":\"http\"}", endpoint("10.0.0.1", ""));
        for (String asked : List.of("orders", "orders:http")) {
            assertThat(merged(asked)).isEmpty();
            assertThat(complaints).singleElement().asString().startsWith("port: ");
        }
    }

    @Test
    void port_isNamedOrNumberedOrTheOnlyOne() throws IOException {
        slice(
                "IPv4",
                HTTP + ",{\"name\":\"metrics\",\"port\":9090},{\"name\":\"dns\",\"port\":53,\"protocol\":\"UDP\"}",
                endpoint("10.0.0.1", ""));
        slice("IPv4", "{\"name\":\"http\",\"port\":8081}", endpoint("10.0.0.2", ""));

        assertThat(addresses(merged("orders:http"))).containsExactly("10.0.0.1:8080", "10.0.0.2:8081");
        assertThat(addresses(merged("orders:metrics"))).containsExactly("10.0.0.1:9090");
        assertThat(addresses(merged("orders:9090"))).containsExactly("10.0.0.1:9090");
        assertThat(addresses(merged("orders"))).containsExactly("10.0.0.2:8081");
        assertThat(complaints).isEmpty();
        assertThat(merged("orders:grpc")).isEmpty();
        assertThat(complaints).containsExactly("port: 'grpc' (expected: one of [http, metrics], as in orders:http)");
        slices.remove(1);
        assertThat(merged("orders")).isEmpty();
        assertThat(complaints)
                .containsExactly("port: none asked for (expected: one of [http, metrics], as in orders:http)");
    }

    @Test
    void sliceWithoutPortNumbers_takesTheNumberAskedFor() throws IOException {
        slice("IPv4", "", endpoint("10.0.0.1", ""));
        slice("IPv4", "{\"name\":\"any\"}", endpoint("10.0.0.2", ""));

        assertThat(addresses(merged("orders:8080"))).containsExactly("10.0.0.1:8080", "10.0.0.2:8080");
        assertThat(merged("orders")).isEmpty();
        assertThat(complaints).hasSize(1);
    }

    /** As Kubernetes makes it of a service whose pods aren't there yet. */
    @Test
    void placeholder_isAnEmptyList() throws IOException {
        slices.add(EndpointSlice.of(new ObjectMapper()
                .readTree(
                        "{\"metadata\":{\"name\":\"s\"},\"addressType\":\"IPv4\",\"ports\":null,\"endpoints\":null}")));

        assertThat(merged("orders")).isEmpty();
        assertThat(complaints).isEmpty();
    }

    @Test
    void hints_countIfAllHaveSome_andOneIsForTheCallersZone() throws IOException {
        String a = endpoint("10.0.0.1", "\"zone\":\"a\",\"hints\":{\"forZones\":[{\"name\":\"a\"}]}");
        String b = endpoint("10.0.0.2", "\"zone\":\"b\",\"hints\":{\"forZones\":[{\"name\":\"b\"}]}");
        SliceMerger.Rules inB = new SliceMerger.Rules(false, false, "b", null);
        slice("IPv4", HTTP, a, b);

        assertThat(merged("orders", inB)).extracting(ServiceInstance::priority).containsExactly(1, 0);
        assertThat(merged("orders")).extracting(ServiceInstance::priority).containsExactly(0, 0);
        assertThat(merged("orders", new SliceMerger.Rules(false, false, "c", null)))
                .extracting(ServiceInstance::priority)
                .containsExactly(0, 0);
        // One that isn't ready has none yet.
        slice("IPv4", HTTP, endpoint("10.0.0.3", conditions(false, false, false)));
        assertThat(merged("orders", inB)).extracting(ServiceInstance::priority).containsExactly(1, 0, 1);
        slice("IPv4", HTTP, endpoint("10.0.0.4", "\"zone\":\"b\""));
        assertThat(merged("orders", inB)).extracting(ServiceInstance::priority).containsExactly(0, 0, 0, 0);
    }

    @Test
    void hintsForNodes_countIfAllHaveSome_andOneIsForTheCallersNode() throws IOException {
        String hints = "\"hints\":{\"forNodes\":[{\"name\":\"n%s\"}],\"forZones\":[{\"name\":\"%s\"}]}";
        slice(
                "IPv4",
                HTTP,
                endpoint("10.0.0.1", hints.formatted(1, "a")),
                endpoint("10.0.0.2", hints.formatted(2, "a")),
                endpoint("10.0.0.3", hints.formatted(3, "b")));

        assertThat(merged("orders", new SliceMerger.Rules(false, false, "a", "n1")))
                .extracting(ServiceInstance::priority)
                .containsExactly(0, 1, 2);
        assertThat(merged("orders", new SliceMerger.Rules(false, false, null, "n2")))
                .extracting(ServiceInstance::priority)
                .containsExactly(1, 0, 1);
        assertThat(merged("orders", new SliceMerger.Rules(false, false, "b", "n9")))
                .extracting(ServiceInstance::priority)
                .containsExactly(1, 1, 0);
        slice("IPv4", HTTP, endpoint("10.0.0.4", "\"hints\":{\"forZones\":[{\"name\":\"a\"}]}"));
        assertThat(merged("orders", new SliceMerger.Rules(false, false, "a", "n1")))
                .extracting(ServiceInstance::priority)
                .containsExactly(0, 0, 1, 0);
    }

    @Test
    void anotherPodAtTheSameAddress_isAnotherInstance() throws IOException {
        String pod = "\"targetRef\":{\"kind\":\"Pod\",\"name\":\"web-0\",\"uid\":\"%s-1111\"}";
        slice("IPv4", HTTP, endpoint("10.0.0.1", pod.formatted("3f2c9a1b")), endpoint("10.0.0.2", ""));
        slice("IPv6", HTTP, endpoint("fd00::1", pod.formatted("3f2c9a1b")));

        assertThat(merged("orders"))
                .extracting(ServiceInstance::id)
                .containsExactly("10.0.0.1:8080~3f2c9a1b", "10.0.0.2:8080");
        assertThat(merged("orders", new SliceMerger.Rules(true, false, null, null)))
                .extracting(ServiceInstance::id)
                .containsExactly("[fd00::1]:8080~3f2c9a1b");
        slices.clear();
        // Both are there for a while: one leaves, the next one is ready.
        slice(
                "IPv4",
                HTTP,
                endpoint("10.0.0.1", pod.formatted("3f2c9a1b") + "," + conditions(false, true, true)),
                endpoint("10.0.0.1", pod.formatted("00d1e8f7") + "," + conditions(true, true, false)));
        assertThat(merged("orders")).extracting(ServiceInstance::id).containsExactly("10.0.0.1:8080~00d1e8f7");
    }

    @Test
    void secure_isWhatThePortSays() throws IOException {
        slice("IPv4", "{\"name\":\"https\",\"port\":1,\"appProtocol\":\"http\"}", endpoint("10.0.0.1", ""));
        slice("IPv4", "{\"name\":\"x\",\"port\":2,\"appProtocol\":\"https\"}", endpoint("10.0.0.2", ""));
        slice("IPv4", "{\"name\":\"https-web\",\"port\":3}", endpoint("10.0.0.3", ""));
        slice("IPv4", "{\"name\":\"y\",\"port\":4,\"appProtocol\":\"kubernetes.io/wss\"}", endpoint("10.0.0.4", ""));

        assertThat(merged("orders")).extracting(ServiceInstance::secure).containsExactly(false, true, true, true);
        assertThat(merged("orders", new SliceMerger.Rules(false, true, null, null)))
                .allMatch(ServiceInstance::secure);
    }

    @Test
    void endpointWithoutAnAddress_isLeftOut() throws IOException {
        slice("IPv4", HTTP, "{\"addresses\":[]}", endpoint("10.0.0.2", ""));

        assertThat(addresses(merged("orders"))).containsExactly("10.0.0.2:8080");
        assertThat(complaints).singleElement().asString().startsWith("an endpoint that is left out: instance host: ");
    }
}
