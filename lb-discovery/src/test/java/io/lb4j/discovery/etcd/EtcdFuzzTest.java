package io.lb4j.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.MalformedException;
import io.lb4j.testing.Fuzzer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What etcd and those who write to it can say, right and wrong: see {@link Fuzzer}. */
@Timeout(value = 30, unit = TimeUnit.MINUTES) // for a million inputs; twenty thousand take a second or two
class EtcdFuzzTest {
    private static final List<String> VALUES = List.of(
            "{\"host\":\"127.0.0.1\",\"port\":8082,\"weight\":2.5,\"zone\":\"z1\",\"metadata\":{\"version\":\"7\"}}",
            "{\"Op\":0,\"Addr\":\"10.0.0.1:80\",\"Metadata\":{\"a\":\"b\",\"c\":[1,null]}}",
            "{\"Addr\":\"[::1]:80\",\"Metadata\":\"text\"}",
            "10.0.0.1:80");
    private static final List<String> WORDS = List.of(
            "\"Addr\":", "\"Metadata\":", "null", "{", "}", "[", "65536", ":", "1e999", "\\u0000", "\"id\":\"x\"");

    @Test
    void value_ofAnyContent_isReadOrRefused() {
        new Fuzzer(1, VALUES, WORDS).run("value in etcd", input -> {
            ServiceInstance instance;
            try {
                instance = EtcdKeys.instance("id", input);
            } catch (MalformedException e) {
                return Fuzzer.kind(e);
            }
            assertThat(instance.id()).isEqualTo("id");
            String written = new String(EtcdKeys.value(instance), StandardCharsets.UTF_8);
            assertThat(EtcdKeys.instance("id", written)).isEqualTo(instance);
            return "sound";
        });
    }

    @Test
    void answer_ofAnyContent_isUnderstoodOrRefused() {
        String key = EtcdServer.base64("/services/orders/a");
        String value = EtcdServer.base64("10.0.0.1:80");
        String kv = "{\"key\":\"" + key + "\",\"create_revision\":\"2\",\"mod_revision\":\"7\",\"value\":\"" + value
                + "\"}";
        List<String> sound = List.of(
                "{\"header\":{\"revision\":\"9\"},\"kvs\":[" + kv + "],\"count\":\"1\"}",
                "{\"header\":{\"revision\":\"8\"},\"events\":[{\"kv\":" + kv
                        + "},{\"type\":\"DELETE\",\"kv\":{\"key\":\"" + key + "\",\"mod_revision\":\"8\"}}]}",
                "{\"header\":{\"revision\":\"12\"}}");
        List<String> words =
                List.of("\"-1\"", "\"9223372036854775808\"", "null", "1.5", "\"type\":", "[]", "{}", "\"events\":");
        ObjectMapper json = new ObjectMapper();
        new Fuzzer(2, sound, words).run("answer of etcd", input -> {
            JsonNode answer;
            try {
                answer = json.readTree(input);
            } catch (IOException e) {
                return "no JSON";
            }
            EtcdEntries entries = new EtcdEntries("/services/orders/");
            try {
                entries.replace(json.readTree(sound.get(0)));
                entries.apply(answer);
                entries.replace(answer);
                assertThat(entries.revision()).isPositive();
                return "sound " + entries.instances().size() + " "
                        + entries.complaints().size();
            } catch (IllegalArgumentException e) {
                // Nothing that was known is lost by an answer that can't be one.
                assertThat(entries.revision()).isGreaterThanOrEqualTo(9);
                return Fuzzer.kind(e);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }
}
