package io.lb4j.discovery.decorator;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * What decorators cost for each list: 1,000 lists of 1,000 instances, each with one that changed. Microseconds per list on the
 * source's thread, the median of seven rounds. Not a benchmark of record, but of the right order of magnitude.
 */
public final class DecoratorsCost {
    private static final int ROUNDS = 7;
    private static final int LISTS = 1_000;
    private static final int INSTANCES = 1_000;

    private DecoratorsCost() {}

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        Path directory = Files.createTempDirectory("lists");
        VirtualTime time = new VirtualTime();
        UnaryOperator<ServiceDiscovery> debounced = source -> DebouncedDiscovery.builder(source)
                .quiet(Duration.ofMillis(1))
                .scheduler(time)
                .ticker(time)
                .build();
        UnaryOperator<ServiceDiscovery> guarded = GuardedDiscovery::of;
        UnaryOperator<ServiceDiscovery> remembered = source -> LastKnownGoodDiscovery.of(source, directory);
        UnaryOperator<ServiceDiscovery> weighted =
                source -> MappedDiscovery.of(source, InstanceMappers.weightFrom("weight"));
        UnaryOperator<ServiceDiscovery> filtered =
                source -> FilteredDiscovery.of(source, InstanceFilters.zone("a", "b"));
        UnaryOperator<ServiceDiscovery> first =
                source -> FirstDiscovery.of(source, StaticDiscovery.builder().build());
        print("nothing", time, List.of());
        print("debounce", time, List.of(debounced));
        print("guard", time, List.of(guarded));
        print("last known good", time, List.of(remembered));
        print("weight", time, List.of(weighted));
        print("filter", time, List.of(filtered));
        print("first", time, List.of(first));
        print("all", time, List.of(debounced, guarded, remembered, guarded, weighted, filtered, first));
    }

    private static void print(String what, VirtualTime time, List<UnaryOperator<ServiceDiscovery>> decorators) {
        List<ServiceInstance> instances = new ArrayList<>();
        for (int i = 0; i < INSTANCES; i++) {
            instances.add(ServiceInstance.builder("10.0." + i / 250 + "." + i % 250, 8080)
                    .zone(i % 2 == 0 ? "a" : "b")
                    .metadata(Map.of("weight", "2", "version", "7"))
                    .build());
        }
        ManualDiscovery source = new ManualDiscovery();
        ServiceDiscovery all = source;
        for (UnaryOperator<ServiceDiscovery> decorator : decorators) {
            all = decorator.apply(all);
        }
        int[] heard = new int[1];
        all.watch("orders", new ServiceDiscovery.Listener() {
            @Override
            public void onInstances(List<ServiceInstance> list) {
                heard[0] += list.size();
            }

            @Override
            public void onUnknownService(String detail) {}

            @Override
            public void onError(Throwable error) {}
        });
        double[] micros = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < LISTS; i++) {
                instances.set(
                        i % INSTANCES,
                        instances.get(i % INSTANCES).toBuilder()
                                .priority(round % 2 + 1)
                                .build());
                source.set("orders", instances);
                time.advance(Duration.ofMillis(1));
            }
            micros[round] = (System.nanoTime() - start) / 1e3 / LISTS;
        }
        all.close();
        Arrays.sort(micros);
        System.out.printf(
                Locale.ROOT, "%-16s %8.1f us for each list, %d instances told%n", what, micros[ROUNDS / 2], heard[0]);
    }
}
