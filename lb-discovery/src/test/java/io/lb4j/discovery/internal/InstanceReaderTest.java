package io.lb4j.discovery.internal;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class InstanceReaderTest {
    static Stream<Arguments> complaints() {
        return Stream.of(
                Arguments.of("[]", "f: line 1, column 1: an array (expected: an object with the field services)"),
                Arguments.of(
                        "{}", "f: line 1, column 2: no field services (expected: {\"services\": {name: [instances]}})"),
                Arguments.of("{\"service\":{}}", "f: line 1, column 2: service: unknown field (expected: services)"),
                Arguments.of(
                        "{\"services\":[]}",
                        "f: line 1, column 13: services: an array (expected: an object from "
                                + "service names to arrays of instances)"),
                Arguments.of(
                        "{\"services\":{\"a\":7}}",
                        "f: line 1, column 18: services.a: 7 (expected: an array of instances)"),
                Arguments.of(
                        "{\"services\":{\" \":[]}}",
                        "f: line 1, column 14: services. : a blank service name (expected: a name)"),
                Arguments.of(
                        "{\"services\":{\"a\":[7]}}",
                        "f: line 1, column 19: services.a[0]: 7 (expected: an instance: "
                                + "an object with host and port, or a string \"host:port\")"),
                Arguments.of(
                        "{\"services\":{}} {}",
                        "f: line 1, column 17: more text (expected: nothing after the closing brace)"),
                Arguments.of(
                        "{\"services\":{\"a\":[],\n\"a\":[]}}", "f: line 2, column 4: services.a: Duplicate field 'a'"),
                Arguments.of(
                        of("\"localhost\""),
                        "f: line 2, column 1: services.a[0]: address: localhost (expected: "
                                + "host:port, an IPv6 address in brackets)"),
                Arguments.of(
                        of("{\"host\":\"h\",\n\"prot\":1}"),
                        "f: line 3, column 8: services.a[0].prot: unknown field "
                                + "(expected: one of id, host, port, secure, weight, zone, priority, metadata)"),
                Arguments.of(
                        of("{\"host\":\"h\",\"port\":\"80\"}"),
                        "f: line 2, column 20: services.a[0].port: \"80\" "
                                + "(expected: a whole number from 1 to 65535)"),
                Arguments.of(
                        of("{\"host\":\"h\",\"port\":80.5}"),
                        "f: line 2, column 20: services.a[0].port: 80.5 "
                                + "(expected: a whole number from 1 to 65535)"),
                Arguments.of(
                        of("{\"host\":\"h\",\"port\":99999999999}"),
                        "f: line 2, column 20: services.a[0].port: "
                                + "99999999999 (expected: a whole number from 1 to 65535)"),
                Arguments.of(
                        of("{\"host\":\"h\",\"port\":65536}"),
                        "f: line 2, column 20: services.a[0].port: instance port: " + "65536 (expected: 1 to 65535)"),
                Arguments.of(
                        of("{\"host\":\"h h\",\"port\":1}"),
                        "f: line 2, column 9: services.a[0].host: instance host: h h "
                                + "(expected: a host name, IPv4 address or IPv6 address without brackets)"),
                Arguments.of(
                        of("{\"host\":null,\"port\":1}"),
                        "f: line 2, column 9: services.a[0].host: null (expected: a string)"),
                Arguments.of(
                        of("{\"host\":\"h\"}"),
                        "f: line 2, column 1: services.a[0]: no port (expected: an instance with host and port)"),
                Arguments.of(
                        of("{\"port\":1}"),
                        "f: line 2, column 1: services.a[0]: no host (expected: an instance with host and port)"),
                Arguments.of(
                        of("{\"id\":\"\"}"),
                        "f: line 2, column 7: services.a[0].id: instance id:  (expected: 1 to 255 "
                                + "printable characters without spaces)"),
                Arguments.of(
                        of("{\"weight\":\"2\"}"),
                        "f: line 2, column 11: services.a[0].weight: \"2\" (expected: a number "
                                + "from 0 to 1000000)"),
                Arguments.of(
                        of("{\"weight\":-1}"),
                        "f: line 2, column 11: services.a[0].weight: instance weight: -1.0 "
                                + "(expected: 0 to 1000000)"),
                Arguments.of(
                        of("{\"zone\":\"\"}"),
                        "f: line 2, column 9: services.a[0].zone: instance zone:  (expected: 1 to "
                                + "255 printable characters without spaces)"),
                Arguments.of(
                        of("{\"priority\":128}"),
                        "f: line 2, column 13: services.a[0].priority: instance priority: 128 "
                                + "(expected: 0 to 127)"),
                Arguments.of(
                        of("{\"secure\":\"yes\"}"),
                        "f: line 2, column 11: services.a[0].secure: \"yes\" (expected: true or false)"),
                Arguments.of(
                        of("{\"metadata\":{\"a\":{}}}"),
                        "f: line 2, column 18: services.a[0].metadata.a: an object " + "(expected: a string)"),
                Arguments.of(
                        of("\"h:1\",\n{\"host\":\"h\",\"port\":1}"),
                        "f: line 3, column 1: services.a[1]: id h:1 at h:1 and "
                                + "h:1 (expected: ids that are unique within a)"));
    }

    private static String of(String instance) {
        return "{\"services\":{\"a\":[\n" + instance + "]}}";
    }

    @ParameterizedTest
    @MethodSource("complaints")
    void services_malformed_saysWhereAndWhatWasExpected(String text, String complaint) {
        assertThatThrownBy(() -> InstanceReader.services(text.getBytes(UTF_8), "f"))
                .isInstanceOf(MalformedException.class)
                .hasMessage(complaint);
    }

    @Test
    void services_everyPrefixOfAGoodFile_isRefused() {
        String good = of("\"h:1\",{\"host\":\"h\",\"port\":2,\"zone\":null,\"metadata\":{\"a\":\"b\"}}");
        for (int end = 0; end < good.length(); end++) {
            byte[] prefix = good.substring(0, end).getBytes(UTF_8);
            assertThatThrownBy(() -> InstanceReader.services(prefix, "f"))
                    .isInstanceOf(MalformedException.class)
                    .hasMessageStartingWith("f: ");
        }
    }

    @Test
    void services_withByteOrderMark_isRead() throws MalformedException {
        assertThat(InstanceReader.services(("\ufeff" + of("\"h:1\"")).getBytes(UTF_8), "f"))
                .containsOnlyKeys("a");
    }

    @Test
    void services_deeplyNested_isRefusedWithoutOverflow() {
        String nested = of("{\"metadata\":" + "[".repeat(100_000));

        assertThatThrownBy(() -> InstanceReader.services(nested.getBytes(UTF_8), "f"))
                .isInstanceOf(MalformedException.class);
    }

    @Test
    void services_notUtf8_isRefused() {
        byte[] text = of("\"h\u00e4:1\"").getBytes(ISO_8859_1);

        assertThatThrownBy(() -> InstanceReader.services(text, "f")).isInstanceOf(MalformedException.class);
    }

    @Test
    void instance_otherIdThanThePath_isRefused() {
        byte[] text = "{\"id\":\"a\",\"host\":\"h\",\"port\":1}".getBytes(UTF_8);

        assertThatThrownBy(() -> InstanceReader.instance(text, "body", "b"))
                .hasMessage("body: id: a (expected: b, as in the path)");
    }
}
