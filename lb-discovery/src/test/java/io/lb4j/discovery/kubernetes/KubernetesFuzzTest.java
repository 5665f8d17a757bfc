package io.lb4j.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import io.lb4j.testing.Fuzzer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an API server can say of slices, right and wrong: see {@link Fuzzer}. */
@Timeout(value = 30, unit = TimeUnit.MINUTES) // for a million inputs; twenty thousand take a second or two
class KubernetesFuzzTest {
    private static final List<String> SOUND = List.of(
            "{\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\",\"port\":80}],"
                    + "\"endpoints\":[{\"addresses\":[\"10.0.0.1\"],\"conditions\":{\"ready\":false,\"serving\":true,"
                    + "\"terminating\":true},\"zone\":\"z\",\"hints\":{\"forZones\":[{\"name\":\"z\"}]}},"
                    + "{\"addresses\":[\"10.0.0.2\"],\"targetRef\":{\"kind\":\"Pod\",\"name\":\"p\"}}]}",
            "{\"metadata\":{\"name\":\"b\"},\"addressType\":\"IPv6\",\"ports\":[{\"port\":80,\"appProtocol\":\"https\"}],"
                    + "\"endpoints\":[{\"addresses\":[\"fd00::1\"]}]}",
            "{\"metadata\":{\"name\":\"c\"},\"addressType\":\"IPv4\",\"ports\":null,\"endpoints\":null}");
    private static final List<String> WORDS = List.of(
            "null", "[]", "{}", "\"port\":65536", "\"addresses\":[\"\"]", "\"fe80::1%e\"", "-1", "true", "\"FQDN\"");

    @Test
    void slice_ofAnyContent_isUnderstoodOrRefused() {
        ObjectMapper json = new ObjectMapper();
        new Fuzzer(1, SOUND, WORDS).run("EndpointSlice", input -> {
            JsonNode object;
            try {
                object = json.readTree(input);
            } catch (IOException e) {
                return "no JSON";
            }
            try {
                SliceMerger merger = new SliceMerger(
                        ServiceName.parse("orders:80", "default"), new SliceMerger.Rules(false, false, "z", null));
                List<ServiceInstance> instances =
                        merger.merge(List.of(EndpointSlice.of(object), EndpointSlice.of(json.readTree(SOUND.get(0)))));
                assertThat(instances).extracting(ServiceInstance::id).doesNotHaveDuplicates();
                return instances.size() + " " + Math.min(2, merger.complaints().size());
            } catch (IllegalArgumentException e) {
                return Fuzzer.kind(e);
            }
        });
    }
}
