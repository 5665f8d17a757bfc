package io.lb4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ServiceInstanceTest {
    private static final ServiceInstance PLAIN = ServiceInstance.of("10.0.0.1", 8080);

    @Test
    void defaults_areTheDocumentedOnes() {
        assertThat(PLAIN.id()).isEqualTo("10.0.0.1:8080");
        assertThat(PLAIN.secure()).isFalse();
        assertThat(PLAIN.weight()).isOne();
        assertThat(PLAIN.zone()).isNull();
        assertThat(PLAIN.priority()).isZero();
        assertThat(PLAIN.metadata()).isEmpty();
    }

    @Test
    void toBuilder_roundTrips() {
        ServiceInstance full = ServiceInstance.builder("host", 1)
                .id("x")
                .secure(true)
                .weight(0.5)
                .zone("z")
                .priority(3)
                .metadata(Map.of("k", "v"))
                .build();
        assertThat(full.toBuilder().build()).isEqualTo(full).hasSameHashCodeAs(full);
        assertThat(full.toBuilder().zone("other").build()).isNotEqualTo(full);
    }

    @Test
    void metadata_isCopied() {
        Map<String, String> mutable = new HashMap<>(Map.of("k", "v"));
        ServiceInstance instance = PLAIN.toBuilder().metadata(mutable).build();
        mutable.clear();
        assertThat(instance.metadata()).containsEntry("k", "v");
        assertThatThrownBy(() -> instance.metadata().put("k", "w")).isInstanceOf(UnsupportedOperationException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 65536})
    void port_outOfRange_isRefused(int port) {
        assertThatThrownBy(() -> ServiceInstance.of("h", port))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("instance port: " + port + " (expected: 1 to 65535)");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 65535})
    void port_atTheEdges_isAccepted(int port) {
        assertThat(ServiceInstance.of("h", port).port()).isEqualTo(port);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1, -Double.MIN_VALUE, 1_000_000.1, Double.NaN, Double.POSITIVE_INFINITY})
    void weight_outOfRange_isRefused(double weight) {
        assertThatThrownBy(() -> PLAIN.toBuilder().weight(weight).build())
                .hasMessage("instance weight: " + weight + " (expected: 0 to 1000000)");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, Double.MIN_VALUE, 1_000_000})
    void weight_atTheEdges_isAccepted(double weight) {
        assertThat(PLAIN.toBuilder().weight(weight).build().weight()).isEqualTo(weight);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 128})
    void priority_outOfRange_isRefused(int priority) {
        assertThatThrownBy(() -> PLAIN.toBuilder().priority(priority).build())
                .hasMessage("instance priority: " + priority + " (expected: 0 to 127)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a\tb", "a\nb", "a\u007fb", "a\u00a0b", "a\u2028b"})
    void idAndZone_withSpacesOrControls_areRefused(String name) {
        assertThatThrownBy(() -> PLAIN.toBuilder().id(name).build()).hasMessageStartingWith("instance id: ");
        assertThatThrownBy(() -> PLAIN.toBuilder().zone(name).build()).hasMessageStartingWith("instance zone: ");
    }

    @Test
    void id_upTo255_isAccepted() {
        assertThat(PLAIN.toBuilder().id("x".repeat(255)).build().id()).hasSize(255);
        assertThatThrownBy(() -> PLAIN.toBuilder().id("x".repeat(256)).build())
                .hasMessageEndingWith("(expected: 1 to 255 printable characters without spaces)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a b",
                "a/b",
                "http://h",
                "[::1]",
                "user@h",
                "localhost:8080",
                "10.0.0.1:80",
                ".",
                ".h",
                "a..b",
                "fe80::1%",
                "a%b",
                "gg::1",
                "h?",
                "h#"
            })
    void host_thatIsNone_isRefused(String host) {
        assertThatThrownBy(() -> ServiceInstance.of(host, 80))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("instance host: " + host
                        + " (expected: a host name, IPv4 address or IPv6 address without brackets)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "h",
                "a.b-c.d",
                "a.b.",
                "127.0.0.1",
                "::1",
                "::",
                "fe80::1%eth0",
                "::ffff:10.0.0.1",
                "my_service",
                "bücher.example"
            })
    void host_asTheyCome_isAccepted(String host) {
        assertThat(ServiceInstance.of(host, 80).host()).isEqualTo(host);
    }

    @Test
    void authority_bracketsIpv6() {
        assertThat(ServiceInstance.of("::1", 80).authority()).isEqualTo("[::1]:80");
        assertThat(ServiceInstance.of("::1", 80).id()).isEqualTo("[::1]:80");
        assertThat(PLAIN.authority()).isEqualTo("10.0.0.1:8080");
    }

    @Test
    void sameLocation_looksAtTheAddressOnly() {
        assertThat(PLAIN.sameLocation(
                        PLAIN.toBuilder().id("x").weight(2).zone("z").build()))
                .isTrue();
        assertThat(PLAIN.sameLocation(PLAIN.toBuilder().secure(true).build())).isFalse();
        assertThat(PLAIN.sameLocation(ServiceInstance.of("10.0.0.1", 8081))).isFalse();
        assertThat(PLAIN.sameLocation(ServiceInstance.of("10.0.0.2", 8080))).isFalse();
    }
}
