package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.discovery.internal.AddressRange;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Durations;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressesTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.1.2, true",
        "10.0.0.0/8, 11.0.0.1, false",
        "10.0.0.0/8, ::a00:1, false",
        "192.168.4.0/22, 192.168.7.255, true",
        "192.168.4.0/22, 192.168.8.0, false",
        "192.168.4.1, 192.168.4.1, true",
        "192.168.4.1, 192.168.4.0, false",
        "0.0.0.0/0, 8.8.8.8, true",
        "fd00::/8, fdff::1, true",
        "fd00::/8, fe00::1, false",
        "::1, ::1, true",
    })
    void range_contains_itsAddressesOnly(String range, String address, boolean expected) {
        assertThat(AddressRange.parse(range).contains(AddressRange.literal(address)))
                .isEqualTo(expected);
        assertThat(AddressRange.parse(range)).hasToString(range);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/x",
                "10.0.0.0/",
                "300.0.0.1",
                "1.2.3",
                "::g/8"
            })
    void range_malformed_isRefused(String range) {
        assertThatThrownBy(() -> AddressRange.parse(range))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "address range: " + range + " (expected: an IP address and a prefix length, as in 10.0.0.0/8)");
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1",
        "127.0.0.5, 127.0.0.1",
        "localhost, 127.0.0.1",
        "::1, 127.0.0.1",
        "10.1.1.1, 10.1.1.1",
        "::ffff:10.1.1.1, 10.1.1.1",
    })
    void policy_ownAddress_isAccepted(String host, String peer) {
        AddressPolicy policy = new AddressPolicy(List.of());

        assertThatCode(() -> policy.check(host, InetAddress.getByName(peer))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 10.1.1.1",
        "localhost, 10.1.1.1",
        "10.1.1.2, 10.1.1.1",
        "10.1.1.1, 127.0.0.1",
        "169.254.169.254, 127.0.0.1",
        "0.0.0.0, 127.0.0.1",
        "224.0.0.1, 127.0.0.1",
        "example.com, 127.0.0.1",
        "fe80::1%eth0, 127.0.0.1",
    })
    void policy_stranger_isRefused(String host, String peer) {
        AddressPolicy policy = new AddressPolicy(List.of());

        assertThatThrownBy(() -> policy.check(host, InetAddress.getByName(peer)))
                .isInstanceOf(Refusal.class)
                .hasMessageStartingWith("host: " + host + " (expected: the address it is registered from, " + peer);
    }

    @Test
    void policy_ranges_replaceTheDefault() throws Exception {
        AddressPolicy policy = new AddressPolicy(List.of(AddressRange.parse("0.0.0.0/0")));
        InetAddress peer = InetAddress.getLoopbackAddress();

        policy.check("10.9.9.9", peer);
        for (String host : List.of("0.0.0.0", "224.0.0.1", "::1", "example.com")) {
            assertThatThrownBy(() -> policy.check(host, peer))
                    .hasMessage("host: " + host + " (expected: an IP address in one of [0.0.0.0/0])");
        }
    }

    @ParameterizedTest
    @CsvSource({"500ms, 500", "15s, 15000", "2m, 120000", "0s, 0"})
    void duration_spellings_areRead(String text, long millis) {
        assertThat(Durations.parse("ttl", text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "15", "-1s", "1.5s", "1h", "9999999999s", "PT5S"})
    void duration_malformed_isRefused(String text) {
        assertThatThrownBy(() -> Durations.parse("ttl", text))
                .hasMessage("ttl: " + text + " (expected: a whole number and ms, s or m, as in 15s)");
    }

    @Test
    void backoff_delays_areSpreadUpToABoundThatDoubles() {
        Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5), new SplittableRandom(7));
        for (int failures : List.of(1, 2, 3, 6, 7, 31, 1000)) {
            Duration bound = Duration.ofMillis(failures > 6 ? 5000 : Math.min(5000, 100L << (failures - 1)));
            List<Duration> delays =
                    Stream.generate(() -> backoff.delay(failures)).limit(1000).toList();
            assertThat(delays).allMatch(delay -> delay.compareTo(bound) <= 0);
            assertThat(delays).anyMatch(delay -> delay.compareTo(bound.dividedBy(10)) < 0);
            assertThat(delays)
                    .anyMatch(delay -> delay.compareTo(bound.multipliedBy(9).dividedBy(10)) > 0);
        }
    }

    @Test
    void backoff_early_isWithinItsShare() {
        RandomGenerator random = new SplittableRandom(7);
        Backoff backoff = new Backoff(Duration.ofMillis(1), Duration.ofSeconds(5), random);

        assertThat(Stream.generate(() -> backoff.early(Duration.ofSeconds(5), 0.75))
                        .limit(1000))
                .allMatch(delay -> delay.toMillis() >= 3749 && delay.toMillis() <= 5000);
    }
}
