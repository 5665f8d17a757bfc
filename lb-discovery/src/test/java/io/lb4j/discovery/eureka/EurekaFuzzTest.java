package io.lb4j.discovery.eureka;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.testing.Fuzzer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What Eureka and those who register with it can say, right and wrong: see {@link Fuzzer}. */
@Timeout(value = 30, unit = TimeUnit.MINUTES) // for a million inputs; twenty thousand take a second or two
class EurekaFuzzTest {
    private static final String INSTANCE =
            "{\"instanceId\":\"i1\",\"hostName\":\"h\",\"app\":\"A\",\"ipAddr\":\"10.0.0.1\",\"status\":\"UP\","
                    + "\"port\":{\"$\":80,\"@enabled\":\"true\"},\"securePort\":{\"$\":443,\"@enabled\":\"true\"},"
                    + "\"dataCenterInfo\":{\"name\":\"Amazon\",\"metadata\":{\"availability-zone\":\"z\"}},"
                    + "\"metadata\":{\"weight\":\"2\",\"priority\":\"1\",\"a\":\"b\"},\"vipAddress\":\"a,b\","
                    + "\"actionType\":\"ADDED\"}";
    private static final List<String> SOUND = List.of(
            "{\"applications\":{\"versions__delta\":\"1\",\"apps__hashcode\":\"UP_1_\",\"application\":[{\"name\":\"A\","
                    + "\"instance\":[" + INSTANCE + "]}]}}",
            "{\"applications\":{\"apps__hashcode\":\"\",\"application\":{\"name\":\"A\",\"instance\":"
                    + INSTANCE.replace("ADDED", "DELETED") + "}}}",
            "{\"applications\":{\"apps__hashcode\":\"\",\"application\":[]}}");
    private static final List<String> WORDS = List.of(
            "null",
            "[]",
            "{}",
            "-1",
            "65536",
            "1e999",
            "\"\"",
            "\"DELETED\"",
            "\"OUT_OF_SERVICE\"",
            "\"actionType\":",
            "\"status\":",
            "\"weight\":\"NaN\",",
            "\\u0000",
            "[[]]");

    @Test
    void answer_ofAnyContent_isUnderstoodOrRefused() {
        ObjectMapper json = new ObjectMapper();
        new Fuzzer(3, SOUND, WORDS).run("answer of Eureka", input -> {
            JsonNode answer;
            try {
                answer = json.readTree(input);
            } catch (IOException e) {
                return "no JSON";
            }
            EurekaApplications known = new EurekaApplications(new EurekaEntry.Choice(true, false));
            known.replace(tree(json, SOUND.get(0)));
            String before = known.hash();
            assertThat(before).isEqualTo("UP_1_");
            try {
                List<List<String>> left = new ArrayList<>();
                boolean fits = known.apply(answer, left);
                known.replace(answer);
                known.names(true)
                        .forEach(name -> assertThat(known.find(name, true)).isNotEmpty());
                long listed = known.names(false).stream()
                        .flatMap(name -> known.find(name, false).stream())
                        .peek(entry -> assertThat(entry.instance() != null
                                        || entry.complaint() != null
                                        || !entry.status().equals("UP"))
                                .isTrue())
                        .count();
                return "sound " + fits + " " + left.size() + " " + listed;
            } catch (IllegalArgumentException e) {
                // Nothing that was known is lost by an answer that can't be one.
                assertThat(known.hash()).isEqualTo(before);
                return Fuzzer.kind(e);
            }
        });
    }

    private static JsonNode tree(ObjectMapper json, String text) {
        try {
            return json.readTree(text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
