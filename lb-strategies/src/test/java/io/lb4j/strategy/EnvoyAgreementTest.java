package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.XxHash64;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * That a call goes where Envoy would send it, from the balancer's front door on: rings and tables are made once more, as
 * plainly as Envoy's documents describe them, for thousands of sets of hosts as they come in practice.
 */
final class EnvoyAgreementTest {
    private static final String HASH_KEY = "envoy.lb/hash_key";
    private static final int KEYS = 200;

    /** A host as Envoy knows it. */
    private record Host(String key, int weight, ServiceInstance instance) {}

    private static Host host(int number, String address, int weight, boolean named) {
        int port = 1024 + number;
        String key = named ? "name-" + number : (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
        return new Host(
                key,
                weight,
                ServiceInstance.builder(address, port)
                        .id("pod-" + number)
                        .weight(weight)
                        .metadata(named ? Map.of(HASH_KEY, key) : Map.of("other", "x"))
                        .build());
    }

    /** Hosts with addresses of all kinds and weights of one kind, in no order. */
    private static List<Host> hosts(int n, SplittableRandom random) {
        int spread = new int[] {1, 3, 128, 1_000_000}[random.nextInt(4)];
        boolean named = random.nextInt(4) == 0;
        List<Host> hosts = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            String address = switch (random.nextInt(4)) {
                case 0 -> "10." + random.nextInt(256) + "." + random.nextInt(256) + "." + random.nextInt(256);
                case 1 -> "2001:db8::" + Integer.toHexString(1 + random.nextInt(65_535));
                case 2 -> "host-" + random.nextInt(1000) + ".example";
                default -> "10.0.0.1";
            };
            hosts.add(host(i, address, 1 + random.nextInt(spread), named && random.nextBoolean()));
        }
        Collections.shuffle(hosts, new Random(random.nextLong()));
        return hosts;
    }

    private static List<Host> sorted(List<Host> hosts) {
        return hosts.stream().sorted(Comparator.comparing(Host::key)).toList();
    }

    private static double[] normalized(List<Host> hosts) {
        double sum = hosts.stream().mapToLong(Host::weight).sum();
        return hosts.stream().mapToDouble(host -> host.weight() / sum).toArray();
    }

    /** In the order of the keys, where Envoy takes discovery's. */
    private static NavigableMap<Long, Host> ring(List<Host> hosts, int minSize, int maxSize) {
        List<Host> sorted = sorted(hosts);
        double[] weights = normalized(sorted);
        double least = Arrays.stream(weights).min().orElseThrow();
        double scale = Math.min(Math.ceil(least * minSize) / least, maxSize);
        NavigableMap<Long, Host> ring = new TreeMap<>(Long::compareUnsigned);
        double current = 0;
        double target = 0;
        for (int i = 0; i < weights.length; i++) {
            target += scale * weights[i];
            for (int k = 0; current < target; k++) {
                ring.put(XxHash64.hash(sorted.get(i).key() + "_" + k), sorted.get(i));
                current++;
            }
        }
        return ring;
    }

    private static Host clockwise(NavigableMap<Long, Host> ring, long hash) {
        Map.Entry<Long, Host> next = ring.ceilingEntry(hash);
        return (next == null ? ring.firstEntry() : next).getValue();
    }

    private static Host[] table(List<Host> hosts, int size) {
        List<Host> sorted = sorted(hosts);
        double[] weights = normalized(sorted);
        double most = Arrays.stream(weights).max().orElseThrow();
        double[] target = new double[weights.length];
        long[] next = new long[weights.length];
        Host[] table = new Host[size];
        int filled = 0;
        for (long round = 1; filled < size; round++) {
            for (int i = 0; i < weights.length && filled < size; i++) {
                if (round * weights[i] < target[i]) {
                    continue;
                }
                target[i] += most;
                long offset = Long.remainderUnsigned(XxHash64.hash(sorted.get(i).key()), size);
                long skip = Long.remainderUnsigned(XxHash64.hash(sorted.get(i).key(), 1), size - 1) + 1;
                int slot = (int) ((offset + skip * next[i]) % size);
                while (table[slot] != null) {
                    slot = (int) ((offset + skip * ++next[i]) % size);
                }
                next[i]++;
                table[slot] = sorted.get(i);
                filled++;
            }
        }
        return table;
    }

    private static Map<PickRequest, Long> requests(SplittableRandom random) {
        Map<PickRequest, Long> requests = new LinkedHashMap<>();
        for (long edge : new long[] {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            requests.put(PickRequest.ofHash(edge), edge);
        }
        while (requests.size() < KEYS) {
            String key = "session-" + random.nextLong();
            requests.put(PickRequest.ofKey(key), XxHash64.hash(key));
            long hash = random.nextLong();
            requests.put(PickRequest.ofHash(hash), hash);
        }
        return requests;
    }

    private static List<ServiceInstance> instances(List<Host> hosts) {
        return hosts.stream().map(Host::instance).toList();
    }

    private static ServiceInstance picked(Rig rig, PickRequest request) {
        return rig.picker.pick(request).instance();
    }

    /** One balancer for each size of ring, as its rings are made out of one another. */
    @ParameterizedTest
    @CsvSource({"1, 8388608", "12, 8388608", "1024, 8388608", "1024, 4096", "100, 100"})
    void ringHash_anyHosts_choosesAsEnvoy(int minSize, int maxSize) {
        SplittableRandom random = new SplittableRandom(minSize);
        try (Rig rig = new Rig(Strategies.ringHash(minSize, maxSize).hashKey(HASH_KEY), 1)) {
            for (int round = 0; round < 200; round++) {
                List<Host> hosts = hosts(1 + random.nextInt(round % 20 == 0 ? 1000 : 60), random);
                NavigableMap<Long, Host> ring = ring(hosts, minSize, maxSize);
                if (ring.size() > 500_000) {
                    continue;
                }
                rig.set(instances(hosts));
                requests(random)
                        .forEach((request, hash) -> assertThat(picked(rig, request))
                                .as("%x of %s", hash, hosts)
                                .isEqualTo(clockwise(ring, hash).instance()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 7, 251, 65_537})
    void maglev_anyHosts_choosesAsEnvoy(int size) {
        SplittableRandom random = new SplittableRandom(size);
        try (Rig rig = new Rig(Strategies.maglev(size).hashKey(HASH_KEY), 1)) {
            for (int round = 0; round < (size > 1000 ? 30 : 300); round++) {
                List<Host> hosts = hosts(1 + random.nextInt(round % 20 == 0 ? 1000 : 60), random);
                Host[] table = table(hosts, size);
                rig.set(instances(hosts));
                requests(random)
                        .forEach((request, hash) -> assertThat(picked(rig, request))
                                .as("%x of %s", hash, hosts)
                                .isEqualTo(table[(int) Long.remainderUnsigned(hash, size)].instance()));
            }
        }
    }

    /** The spellings of RFC 5952, section 2; Envoy, like every inet_ntop, writes the canonical one. */
    @ParameterizedTest
    @CsvSource({
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:0db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:db8::1:0:0:1, 2001:db8::1:0:0:1",
        "2001:db8::0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:DB8:0:0:1::1, 2001:db8::1:0:0:1",
        "2001:db8:aaaa:bbbb:cccc:dddd:0:1, 2001:db8:aaaa:bbbb:cccc:dddd:0:1",
        "2001:DB8:AAAA:BBBB:CCCC:DDDD::1, 2001:db8:aaaa:bbbb:cccc:dddd:0:1",
        "0:0:0:0:0:0:0:1, ::1",
        "FE80::A%eth0, FE80::A%eth0",
        "::FFFF:10.0.0.1, ::FFFF:10.0.0.1",
        "1:2:3, 1:2:3"
    })
    void maglev_ipv6AddressInAnySpelling_isHashedAsEnvoyWritesIt(String spelling, String canonical) {
        List<Host> asEnvoy = IntStream.range(0, 3)
                .mapToObj(i -> host(i, i == 1 ? canonical : "10.0.0." + i, 1, false))
                .toList();
        Host[] table = table(asEnvoy, 251);
        List<ServiceInstance> listed = IntStream.range(0, 3)
                .mapToObj(i ->
                        host(i, i == 1 ? spelling : "10.0.0." + i, 1, false).instance())
                .toList();
        try (Rig rig = new Rig(Strategies.maglev(251), 1).set(listed)) {
            for (int hash = 0; hash < 251; hash++) {
                assertThat(picked(rig, PickRequest.ofHash(hash)).port())
                        .isEqualTo(table[hash].instance().port());
            }
        }
    }

    @Test
    void ringHash_hostsThatLeaveAndReturn_arePickedAsEnvoyWould() {
        SplittableRandom random = new SplittableRandom(9);
        List<Host> all = hosts(40, random);
        try (Rig rig = new Rig(Strategies.ringHash().hashKey(HASH_KEY), 1)) {
            for (int round = 0; round < 40; round++) {
                List<Host> some =
                        all.stream().filter(each -> random.nextInt(3) > 0).toList();
                if (some.isEmpty() || ring(some, 1024, RingHash.MAX_SIZE).size() > 500_000) {
                    continue;
                }
                rig.set(instances(some));
                NavigableMap<Long, Host> ring = ring(some, 1024, RingHash.MAX_SIZE);
                requests(random)
                        .forEach((request, hash) -> assertThat(picked(rig, request))
                                .isEqualTo(clockwise(ring, hash).instance()));
            }
        }
    }
}
