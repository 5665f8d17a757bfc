package io.lb4j.discovery.decorator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.testing.ManualDiscovery;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import okhttp3.Dns;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressGuardTest {
    private final Recorder recorder = new Recorder();

    @ParameterizedTest
    @ValueSource(
            strings = {
                // the metadata service of most clouds, as people, libc, the JDK and browsers spell it
                "169.254.169.254",
                "169.254.0.1",
                "169.254.169.254.",
                "169.254.43518",
                "169.16689662",
                "2852039166",
                "0xa9fea9fe",
                "0XA9FEA9FE",
                "0xa9.0xfe.0xa9.0xfe",
                "0xa9.254.0251.254",
                "0251.0376.0251.0376",
                "0251.254.0251.254",
                "025177524776",
                "１６９.２５４.１６９.２５４",
                "::ffff:169.254.169.254",
                "::ffff:a9fe:a9fe",
                "0:0:0:0:0:ffff:a9fe:a9fe",
                "::169.254.169.254",
                "::ffff:0:a9fe:a9fe",
                "64:ff9b::a9fe:a9fe",
                "64:ff9b:1::169.254.169.254",
                "2002:a9fe:a9fe::",
                "2001:0:a9fe:a9fe::1",
                "2001:0:1::5601:5601",
                "2001:0:808:808::9b9b:9b37",
                "2001:db8::5efe:169.254.169.254",
                "2001:db8::200:5efe:a9fe:a9fe",
                // others' metadata
                "100.100.100.200",
                "192.0.0.192",
                "168.63.129.16",
                "fd00:ec2::254",
                "fd20:ce::254",
                "metadata.google.internal",
                "METADATA.google.internal.",
                "metadata",
                // unspecified, multicast, broadcast, link-local
                "0.0.0.0",
                "0",
                "0x0",
                "0.1.2.3",
                "::",
                "0:0::0",
                "::ffff:0.0.0.0",
                "224.0.0.1",
                "239.255.255.255",
                "255.255.255.255",
                "4294967295",
                "ff02::1",
                "fe80::1",
                "fe80::1%eth0",
                "febf::1",
                // neither name nor address
                "1.2.3.256",
                "1.2.3.4.5",
                "4294967296",
                "host.1",
                "0x1ffffffff",
                "09.1.1.300",
                "1..2",
                "::1::2",
            })
    void refusedByDefault(String host) {
        assertThat(AddressGuard.standard().objection(host)).isNotNull().contains("(expected: ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "fd00::1%eth0",
                "127.0.0.1",
                "10.0.0.1",
                "172.16.3.4",
                "192.168.1.1",
                "100.100.100.201",
                "169.253.255.255",
                "169.255.0.0",
                "8.8.8.8",
                "::1",
                "fd00::1",
                "2001:db8::1",
                "64:ff9b::10.0.0.1",
                "2002:0a00:0001::",
                "localhost",
                "orders",
                "a1.example",
                "1a",
                "0xyz",
                "metadata.example",
                "169.254.169.254.nip.io",
                "010.0.0.1",
            })
    void allowedByDefault(String host) {
        assertThat(AddressGuard.standard().objection(host)).isNull();
    }

    @Test
    void objection_saysWhatAndWhy() {
        AddressGuard guard = AddressGuard.standard();

        assertThat(guard.objection("169.254.169.254"))
                .isEqualTo("address: 169.254.169.254 (expected: none in 169.254.0.0/16, unless it is allowed)");
        assertThat(guard.objection("0xa9fea9fe"))
                .isEqualTo(
                        "host: 0xa9fea9fe, read as address: 169.254.169.254 (expected: none in 169.254.0.0/16, unless it"
                                + " is allowed)");
        assertThat(guard.objection("2002:a9fe:a9fe::"))
                .isEqualTo("host: 2002:a9fe:a9fe::, read as address: 2002:a9fe:a9fe:0:0:0:0:0, which stands for"
                        + " 169.254.169.254 (expected: none in 169.254.0.0/16, unless it is allowed)");
        assertThat(guard.objection("1.2.3.256"))
                .isEqualTo("host: 1.2.3.256 (expected: a name or an address, not something between)");
    }

    @Test
    void allow_isAllThereIs() {
        AddressGuard guard = AddressGuard.builder()
                .allow("10.0.0.0/8", "fd00::/8")
                .deny("10.9.0.0/16")
                .build();

        assertThat(guard.objection("10.1.2.3")).isNull();
        assertThat(guard.objection("fd00::1")).isNull();
        assertThat(guard.objection("10.9.0.1")).isEqualTo("address: 10.9.0.1 (expected: none in 10.9.0.0/16)");
        assertThat(guard.objection("127.0.0.1"))
                .isEqualTo("address: 127.0.0.1 (expected: one in [10.0.0.0/8, fd00::/8])");
        assertThat(guard.objection("::1")).isNotNull();
        // Octal to the C library, decimal to the JDK: both have to be allowed.
        assertThat(guard.objection("012.0.0.1")).isNotNull();
        assertThat(guard.objection("64:ff9b::10.1.2.3")).isNotNull();
        // What it stands for is looked at when it is resolved.
        assertThat(AddressGuard.builder().allow("10.0.0.0/8").build().objection("metadata.google.internal"))
                .isNull();
    }

    @Test
    void allow_loosensTheDefault() {
        AddressGuard guard =
                AddressGuard.builder().allow("169.254.7.0/24", "0.0.0.0/0").build();

        assertThat(guard.objection("169.254.7.1")).isNull();
        assertThat(AddressGuard.builder().allow("169.254.7.0/24").build().objection("169.254.169.254"))
                .isNotNull();
    }

    @Test
    void deny_isStrongest_alsoForWhatIsEmbedded() {
        AddressGuard guard = AddressGuard.builder().deny("10.0.0.0/8").build();

        assertThat(guard.objection("10.0.0.1")).isNotNull();
        assertThat(guard.objection("64:ff9b::10.0.0.1")).isNotNull();
        assertThat(guard.objection("192.168.0.1")).isNull();
    }

    @Test
    void hostNames_mayBeRefused() {
        AddressGuard guard = AddressGuard.builder().hostNames(false).build();

        assertThat(guard.objection("orders.example")).isEqualTo("host: orders.example (expected: an IP address)");
        assertThat(guard.objection("10.0.0.1")).isNull();
        assertThat(guard).hasToString("AddressGuard[allowed all but the default, denied [], no host names]");
        assertThatThrownBy(() -> AddressGuard.builder().allow("example.com"))
                .hasMessageStartingWith("address range: example.com (expected: an IP address and a prefix length");
    }

    @Test
    void dns_guardsWhatNamesResolveTo() throws UnknownHostException {
        List<String> answers = new ArrayList<>(List.of("169.254.169.254", "10.0.0.1"));
        Dns resolver = name -> answers.stream().map(AddressGuardTest::address).toList();
        Dns guarded = AddressGuard.standard().dns(resolver);

        assertThat(guarded.lookup("rebound.example")).containsExactly(address("10.0.0.1"));
        answers.remove("10.0.0.1");
        assertThatThrownBy(() -> guarded.lookup("rebound.example"))
                .isInstanceOf(UnknownHostException.class)
                .hasMessage("rebound.example resolves to what is refused: address: 169.254.169.254 (expected: none in"
                        + " 169.254.0.0/16, unless it is allowed)");
        answers.clear();
        assertThat(guarded.lookup("nothing.example")).isEmpty();
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Test
    void discovery_leavesOutWhatIsRefused_andSaysSoOnce() {
        ManualDiscovery source = new ManualDiscovery();
        GuardedDiscovery discovery = GuardedDiscovery.of(source);
        discovery.watch("orders", recorder);
        ServiceInstance good = ServiceInstance.of("10.0.0.1", 80);
        ServiceInstance bad = ServiceInstance.of("169.254.169.254", 80);

        source.set("orders", good, bad);
        source.set("orders", good.toBuilder().weight(2).build(), bad);
        assertThat(recorder.snapshots)
                .containsExactly(
                        List.of(good), List.of(good.toBuilder().weight(2).build()));
        assertThat(recorder.messages())
                .containsExactly("GuardedDiscovery[manual discovery]: instance 169.254.169.254:80 is left out: address:"
                        + " 169.254.169.254 (expected: none in 169.254.0.0/16, unless it is allowed)");

        source.set("orders", good);
        source.set("orders", good, bad);
        assertThat(recorder.errors).hasSize(2);
        discovery.close();
    }

    @Test
    void discovery_allRefused_keepsTheLastList() {
        ManualDiscovery source = new ManualDiscovery();
        GuardedDiscovery discovery = GuardedDiscovery.of(source);
        discovery.watch("orders", recorder);
        source.set("orders", ServiceInstance.of("10.0.0.1", 80));

        source.set("orders", ServiceInstance.of("0xa9fea9fe", 80));

        assertThat(recorder.calls).containsExactly("instances", "error");
        source.set("orders", List.of());
        assertThat(recorder.last()).isEmpty();
        discovery.close();
    }
}
