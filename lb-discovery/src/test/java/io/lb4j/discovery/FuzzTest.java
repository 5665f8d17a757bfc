package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.AddressRange;
import io.lb4j.discovery.internal.Addresses;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.InstanceReader;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.MalformedException;
import io.lb4j.testing.Fuzzer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What files, registries and those who register can say, right and wrong: see {@link Fuzzer}. */
@Timeout(value = 30, unit = TimeUnit.MINUTES) // for a million inputs; twenty thousand take a second or two
final class FuzzTest {
    private static final List<String> WORDS = List.of(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"services\":",
            "\"orders\"",
            "\"id\":",
            "\"host\":",
            "\"port\":",
            "\"secure\":",
            "\"weight\":",
            "\"zone\":",
            "\"priority\":",
            "\"metadata\":",
            "\"a:1\"",
            "\"[::1]:80\"",
            "\"127.0.0.1:8081\"",
            "65535",
            "65536",
            "1000000",
            "127",
            "128",
            "false",
            "\\u0000",
            "\\ud800",
            "\"instances\":",
            "\"epoch\":",
            "\"index\":",
            "\"complete\":",
            "\"error\":",
            "\"version\":",
            "\"lease\":",
            "\"ttlMillis\":",
            "\"instance\":",
            "15000",
            "999.1.1.1",
            "0.0.0.0",
            "fe80::1%eth0",
            "::ffff:1.2.3.4",
            "/32",
            "/129",
            "ms",
            "s",
            "m");

    private static final String INSTANCE =
            "{\"host\":\"127.0.0.1\",\"port\":8082,\"id\":\"b\",\"weight\":2.5,\"zone\":\"z1\",\"priority\":1,\"secure\":true,"
                    + "\"metadata\":{\"version\":\"7\",\"terminating\":\"true\"}}";
    private static final List<String> FILES = List.of(
            "{\"services\":{\"orders\":[\"127.0.0.1:8081\"," + INSTANCE + "],\"users\":[]}}",
            "{\"services\":{}}",
            "{\"services\":{\"o\":[\"[::1]:80\",\"h:1\"]}}");

    private static final Logger LOG = Logger.getLogger("io.lb4j.discovery");

    @BeforeEach
    void beQuiet() {
        LOG.setLevel(Level.OFF);
    }

    @AfterEach
    void beLoud() {
        LOG.setLevel(null);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void instancesFile_ofAnyContent_isReadOrRefused() {
        new Fuzzer(1, FILES, WORDS).run("instances file", input -> {
            Map<String, List<ServiceInstance>> services;
            try {
                services = InstanceReader.services(bytes(input), "f");
            } catch (MalformedException e) {
                return Fuzzer.kind(e);
            }
            byte[] written = InstanceWriter.toBytes(json -> {
                json.writeStartObject();
                json.writeObjectFieldStart("services");
                for (Map.Entry<String, List<ServiceInstance>> service : services.entrySet()) {
                    json.writeArrayFieldStart(service.getKey());
                    for (ServiceInstance instance : service.getValue()) {
                        InstanceWriter.write(instance, json);
                    }
                    json.writeEndArray();
                }
                json.writeEndObject();
                json.writeEndObject();
            });
            assertThat(InstanceReader.services(written, "f")).isEqualTo(services);
            return "sound";
        });
    }

    /** Bytes that no text has: broken UTF-8, other encodings that JSON readers guess. */
    @Test
    void instancesFile_ofAnyBytes_isReadOrRefused() {
        SplittableRandom random = new SplittableRandom(2);
        new Fuzzer(2, FILES, WORDS).run("instances file, bytes", input -> {
            byte[] text = random.nextInt(4) == 0 ? input.getBytes(StandardCharsets.UTF_16BE) : bytes(input);
            for (int i = random.nextInt(4); i > 0 && text.length > 0; i--) {
                text[random.nextInt(text.length)] = (byte) random.nextInt();
            }
            try {
                InstanceReader.services(text, "f");
                return "sound";
            } catch (MalformedException e) {
                return Fuzzer.kind(e);
            }
        });
    }

    @Test
    void registration_ofAnyContent_isReadOrRefused() {
        new Fuzzer(3, List.of(INSTANCE, "{\"host\":\"h\",\"port\":1}"), WORDS).run("registration", input -> {
            ServiceInstance instance;
            try {
                instance = InstanceReader.instance(bytes(input), "body", "b");
            } catch (MalformedException e) {
                return Fuzzer.kind(e);
            }
            byte[] written = InstanceWriter.toBytes(json -> InstanceWriter.write(instance, json));
            assertThat(InstanceReader.instance(written, "body", "b")).isEqualTo(instance);
            return "sound";
        });
    }

    @Test
    void registryAnswer_ofAnyContent_leavesAListInForce() {
        JsonCalls calls = RegistryRules.calls("http://127.0.0.1:1", null, null);
        // What is to be asked next is never asked: here it is the answers that matter.
        RegistryWatch watch = new RegistryWatch(
                "orders",
                new RegistryWatch.Settings(
                        calls,
                        (task, delay) -> () -> {},
                        System::nanoTime,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(5),
                        Backoff.standard(new Random(1))));
        List<String> sound = List.of(
                "{\"epoch\":\"e\",\"index\":7,\"instances\":[" + INSTANCE + "]}",
                "{\"epoch\":\"f\",\"index\":1,\"complete\":false,\"instances\":[\"h:1\"]}",
                "{\"epoch\":\"f\",\"index\":2,\"complete\":true,\"instances\":[]}");
        SplittableRandom random = new SplittableRandom(4);
        new Fuzzer(4, sound, WORDS).run("registry answer", input -> {
            watch.watchers().instances(List.of(ServiceInstance.of("good", 1)));
            int status = random.nextInt(20) == 0 ? 503 : 200;
            JsonNode json;
            try {
                json = JsonCalls.json(response(status, input));
            } catch (IOException e) {
                watch.failed(e);
                assertThat(watch.watchers().lastInstances()).containsExactly(ServiceInstance.of("good", 1));
                return Fuzzer.kind(e);
            }
            watch.answered(status, Headers.of(), json);
            List<ServiceInstance> now = watch.watchers().lastInstances();
            // An empty list is believed if it was said to be one, and nothing else is.
            if (json.path("instances").size() > 0 || !json.path("instances").isArray() || status != 200) {
                assertThat(now).isNotEmpty();
            }
            return status + " " + (now == null ? "none" : String.valueOf(Math.min(now.size(), 3)));
        });
        calls.close();
    }

    private static Response response(int status, String body) {
        return new Response.Builder()
                .request(new Request.Builder().url("http://127.0.0.1:1/").build())
                .protocol(Protocol.HTTP_1_1)
                .code(status)
                .message("")
                .body(ResponseBody.create(body, MediaType.get("application/json")))
                .build();
    }

    @Test
    void registrySnapshot_ofAnyContent_isRestoredOrRefused() {
        List<String> sound =
                List.of("{\"version\":1,\"services\":{\"orders\":[{\"lease\":\"l-1\",\"ttlMillis\":15000,\"instance\":"
                        + INSTANCE + "}]}}");
        RegistrySnapshot snapshot = new RegistrySnapshot(Path.of("snapshot"));
        new Fuzzer(5, sound, WORDS).run("registry snapshot", input -> {
            RegistryTable table = new RegistryTable(System::nanoTime, "epoch", 10, 10, Duration.ZERO);
            try {
                snapshot.restore(table, bytes(input));
            } catch (IOException e) {
                assertThat(table.entries()).isEmpty();
                return Fuzzer.kind(e);
            }
            return "sound " + table.entries().size();
        });
    }

    @Test
    void address_ofAnyText_isReadOrRefused() {
        new Fuzzer(6, List.of("127.0.0.1:8081", "[::1]:80", "orders.example:443"), WORDS).run("address", input -> {
            try {
                ServiceInstance instance = Addresses.parse(input);
                assertThat(Addresses.parse(instance.authority())).isEqualTo(instance);
                return "sound";
            } catch (IllegalArgumentException e) {
                return Fuzzer.kind(e);
            }
        });
    }

    @Test
    void addressRange_ofAnyText_isReadOrRefused() {
        new Fuzzer(7, List.of("10.0.0.0/8", "fd00::/8", "127.0.0.1", "::ffff:1.2.3.4/120"), WORDS)
                .run("address range", input -> {
                    try {
                        AddressRange range = AddressRange.parse(input);
                        InetAddress first = AddressRange.literal(
                                input.contains("/") ? input.substring(0, input.indexOf('/')) : input);
                        assertThat(first).isNotNull();
                        assertThat(range.contains(first)).isTrue();
                        return "sound";
                    } catch (IllegalArgumentException e) {
                        return Fuzzer.kind(e);
                    }
                });
    }

    /** Numbers that are no octet have the shape of an address, and the JDK would look them up: a registration must not wait for DNS. */
    @Test
    void literal_withAnImpossibleOctet_isNoAddress() {
        assertThat(AddressRange.isSpelledInDigits("256.1.1.1")).isFalse();
        assertThat(AddressRange.isSpelledInDigits("1.2.3.999")).isFalse();
        assertThat(AddressRange.literal("1.2.3.999")).isNull();
        assertThat(AddressRange.literal("255.249.199.0")).isNotNull();
        assertThat(AddressRange.literal("010.0.0.1")).isNotNull();
    }

    @Test
    void duration_ofAnyText_isReadOrRefused() {
        new Fuzzer(8, List.of("500ms", "15s", "2m"), WORDS).run("duration", input -> {
            try {
                Duration duration = Durations.parse("wait", input);
                assertThat(Durations.parse("wait", Durations.spelled(duration))).isEqualTo(duration);
                return "sound";
            } catch (IllegalArgumentException e) {
                return Fuzzer.kind(e);
            }
        });
    }

    @Test
    void registryRequest_ofAnyTarget_isReadOrRefused() {
        List<String> sound = List.of(
                "/v1/services",
                "/v1/services/orders?index=7&epoch=e-1&wait=30s",
                "/v1/services/orders/instances/127.0.0.1%3A8081?ttl=15s&lease=l-1",
                "/v1/services/orders/instances/%5B::1%5D:80/heartbeat?lease=l-1");
        List<String> words = List.of(
                "/",
                "//",
                "?",
                "&",
                "=",
                "#",
                "%2F",
                "%2f..",
                "%00",
                "%FF",
                "%C3%BC",
                "+",
                "index=",
                "lease=",
                "wait=",
                "ttl=",
                "epoch=",
                "http://h",
                "h:",
                "/instances/",
                "/heartbeat",
                ";a=b",
                "9223372036854775807");
        new Fuzzer(9, sound, words).run("registry request", input -> {
            try {
                RegistryRequest request = RegistryRequest.of(new URI(input));
                assertThat(request.path()).isNotEmpty();
                request.index();
                request.lease();
                assertThat(request.duration("wait", Duration.ZERO).isNegative()).isFalse();
                if (request.path().size() < 5) {
                    return "sound " + request.path().size();
                }
                assertThat(request.service()).hasSizeBetween(1, 128).doesNotContain("/", "%", "\u0000");
                assertThat(request.id()).hasSizeBetween(1, 255).doesNotContain("/", "\u0000");
                return "sound " + Math.min(7, request.path().size()) + " "
                        + request.query().size();
            } catch (URISyntaxException e) {
                // Refused by the JDK's server, before anybody here sees it.
                return "no target";
            } catch (IllegalArgumentException e) {
                return Fuzzer.kind(e);
            }
        });
    }
}
