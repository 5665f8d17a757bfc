package io.lb4j.discovery.decorator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.testing.ManualDiscovery;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Filters, mappers and names. */
class SelectingTest {
    private final ManualDiscovery source = new ManualDiscovery();
    private final Recorder recorder = new Recorder();

    private static ServiceInstance instance(int port, String zone, Map<String, String> metadata) {
        return ServiceInstance.builder("10.0.0.1", port)
                .zone(zone)
                .metadata(metadata)
                .build();
    }

    @Test
    void filters_byZoneTagVersionAndMetadata() {
        ServiceInstance one = instance(1, "a", Map.of("tags", "blue, fast", "version", "7"));
        ServiceInstance two = instance(2, "b", Map.of("tags", "blue", "version", "8"));
        ServiceInstance three = instance(3, null, Map.of("tier", "gold"));

        assertThat(List.of(one, two, three))
                .filteredOn(InstanceFilters.zone("a", "c"))
                .containsExactly(one);
        assertThat(List.of(one, two, three))
                .filteredOn(InstanceFilters.tag("blue"))
                .containsExactly(one, two);
        assertThat(List.of(one, two, three))
                .filteredOn(InstanceFilters.tag("fast", "blue"))
                .containsExactly(one);
        assertThat(List.of(one, two, three))
                .filteredOn(InstanceFilters.version("8", "9"))
                .containsExactly(two);
        assertThat(List.of(one, two, three))
                .filteredOn(InstanceFilters.metadata("tier", "gold"))
                .containsExactly(three);
        assertThat(InstanceFilters.zone("b", "a").and(InstanceFilters.tag("blue")))
                .hasToString("zone in [a, b] and tags [blue]")
                .accepts(one, two)
                .rejects(three);
        assertThat(InstanceFilters.tag("blue", "fast"))
                .accepts(instance(4, null, Map.of("consul-tags", "fast", "tags", "blue")))
                .rejects(instance(5, null, Map.of("consul-tags", "fast", "stags", "blue")));
        assertThatThrownBy(InstanceFilters::zone).hasMessage("zones: none (expected: at least one)");
    }

    @Test
    void complaint_ofTheSource_isOneHere() {
        FilteredDiscovery discovery = FilteredDiscovery.of(source, instance -> true);
        discovery.watch("orders", recorder);
        source.set("orders", instance(1, "a", Map.of()));
        source.complain("orders", new IOException("b: no port"));

        assertThat(recorder.calls).containsExactly("instances", "complaint");
        discovery.close();
    }

    @Test
    void filtered_tellsOnlyWhatChangesHere() {
        FilteredDiscovery discovery = FilteredDiscovery.of(source, InstanceFilters.zone("a"));
        discovery.watch("orders", recorder);
        ServiceInstance here = instance(1, "a", Map.of());

        source.set("orders", here, instance(2, "b", Map.of()));
        source.set("orders", here, instance(3, "b", Map.of()));
        assertThat(recorder.snapshots).containsExactly(List.of(here));
        source.set("orders", instance(3, "b", Map.of()));
        assertThat(recorder.last()).isEmpty();
        assertThat(recorder.calls).containsExactly("instances", "instances");
        assertThat(discovery).hasToString("FilteredDiscovery[zone in [a], manual discovery]");
        discovery.close();
    }

    @Test
    void semantics_arePassedOn() {
        FilteredDiscovery discovery = FilteredDiscovery.of(source, instance -> true);
        discovery.watch("orders", recorder);
        ServiceInstance here = instance(1, "a", Map.of());
        IOException down = new IOException("down");

        source.unknown("orders", "no such thing");
        source.set("orders", here);
        source.fail("orders", down);
        source.set("orders", here);

        assertThat(recorder.calls).containsExactly("unknown", "instances", "error", "instances");
        assertThat(recorder.unknown).containsExactly("no such thing");
        assertThat(recorder.errors).containsExactly(down);
        Recorder late = new Recorder();
        discovery.watch("orders", late);
        assertThat(late.calls).containsExactly("instances");
        assertThat(source.watches("orders")).isEqualTo(1);
        discovery.close();
    }

    @Test
    void watches_closeTheSourcesWatchWithTheLast() {
        MappedDiscovery discovery = MappedDiscovery.of(source, instance -> instance);
        ServiceDiscovery.Watch first = discovery.watch("orders", recorder);
        ServiceDiscovery.Watch second = discovery.watch("orders", new Recorder());

        first.close();
        first.close();
        assertThat(source.watches("orders")).isEqualTo(1);
        second.close();
        assertThat(source.watches("orders")).isZero();
        discovery.watch("orders", recorder);
        discovery.close();
        assertThat(source.watches("orders")).isZero();
        assertThatThrownBy(() -> discovery.watch("orders", recorder)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void sourceThatThrowsOnWatch_leavesNothingBehind() {
        StaticDiscovery closed = StaticDiscovery.of("orders", "h:1");
        closed.close();
        FilteredDiscovery discovery = FilteredDiscovery.of(closed, instance -> true);

        assertThatThrownBy(() -> discovery.watch("orders", recorder)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> discovery.watch("orders", recorder)).isInstanceOf(IllegalStateException.class);
        discovery.close();
    }

    @Test
    void mapped_takesWeightAndZoneFromMetadata() {
        MappedDiscovery discovery = MappedDiscovery.of(
                MappedDiscovery.of(source, InstanceMappers.weightFrom("w")), InstanceMappers.zoneFrom("z"));
        discovery.watch("orders", recorder);

        source.set(
                "orders",
                instance(1, "a", Map.of("w", "2.5")),
                instance(2, "a", Map.of("z", "b")),
                instance(3, "a", Map.of("w", "heavy")),
                instance(4, "a", Map.of("w", "-1")));

        assertThat(recorder.snapshots).hasSize(1);
        assertThat(recorder.snapshots.get(0))
                .containsExactly(
                        instance(1, "a", Map.of("w", "2.5")).toBuilder()
                                .weight(2.5)
                                .build(),
                        instance(2, "b", Map.of("z", "b")));
        assertThat(recorder.messages()).hasSize(1);
        assertThat(recorder.messages().get(0))
                .contains("instance 10.0.0.1:3 is left out: metadata w: heavy (expected: a number from 0 to 1000000)")
                .contains("instance 10.0.0.1:4 is left out: instance weight: -1.0 (expected: 0 to 1000000)");
        discovery.close();
    }

    @Test
    void mapped_toOneIdTwice_orToNull_isLeftOut() {
        MappedDiscovery discovery = MappedDiscovery.of(
                source,
                instance -> instance.port() == 9
                        ? null
                        : instance.toBuilder().id("same").build());
        discovery.watch("orders", recorder);

        source.set("orders", instance(1, "a", Map.of()), instance(2, "a", Map.of()), instance(9, "a", Map.of()));

        assertThat(recorder.last()).containsExactly("10.0.0.1:1");
        assertThat(recorder.messages().get(0))
                .contains("instance same at 10.0.0.1:2 is left out, since 10.0.0.1:1 has that id too")
                .contains("instance 10.0.0.1:9 is left out: the mapper returned null (expected: an instance)");
        discovery.close();
    }

    @Test
    void vouching_isPassedOn() {
        ServiceDiscovery vouching = StaticDiscovery.of("orders", "h:1");

        for (ServiceDiscovery source : List.of(this.source, vouching)) {
            boolean vouches = source.vouchesForEmptyLists();
            assertThat(List.of(
                            FilteredDiscovery.of(source, instance -> true),
                            MappedDiscovery.of(source, instance -> instance),
                            NamedDiscovery.of(source, "orders"),
                            GuardedDiscovery.of(source),
                            DebouncedDiscovery.of(source),
                            LastKnownGoodDiscovery.builder(source).build(),
                            FirstDiscovery.of(source, source),
                            UnionDiscovery.of(source, source),
                            DualReadDiscovery.builder(source, this.source).build()))
                    .allMatch(each -> each.vouchesForEmptyLists() == vouches);
        }
        assertThat(FirstDiscovery.of(vouching, source).vouchesForEmptyLists()).isFalse();
        assertThat(UnionDiscovery.of(source, vouching).vouchesForEmptyLists()).isFalse();
    }

    @Test
    void named_watchesItsServiceUnderAnyName() {
        NamedDiscovery discovery = NamedDiscovery.of(source, "orders-v2");
        discovery.watch("orders", recorder);

        source.set("orders-v2", instance(1, "a", Map.of()));

        assertThat(recorder.last()).containsExactly("10.0.0.1:1");
        assertThat(discovery).hasToString("service orders-v2 of manual discovery");
        discovery.close();
    }
}
