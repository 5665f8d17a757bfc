package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The roster against the plain rules it is a quick way to follow. */
final class RosterTest {
    private static final int IDS = 12;
    private static final int MAX_SIZE = 20;
    private static final int ROUNDS = 20_000;
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final Random random = new Random(11);
    private final Roster roster = new Roster(null);

    /** Whose state each instance must have: those known now, and those that left less than ten minutes ago. */
    private Map<String, InstanceState> known = new LinkedHashMap<>();

    private final Map<String, InstanceState> left = new HashMap<>();
    private final Map<String, Long> leftAt = new HashMap<>();

    @Test
    void anySnapshots_areTakenInByThePlainRules() {
        long now = 0;
        List<ServiceInstance> last = List.of();
        for (int round = 0; round < ROUNDS; round++) {
            now += random.nextInt(3) == 0 ? 4 * MINUTE : 1;
            forget(now);
            List<ServiceInstance> snapshot = random.nextInt(4) == 0 ? last : changed(last);
            check(snapshot, now);
            last = snapshot;
        }
    }

    private void check(List<ServiceInstance> snapshot, long now) {
        Map<String, ServiceInstance> unique = new LinkedHashMap<>();
        Set<String> twins = new HashSet<>();
        for (ServiceInstance instance : snapshot) {
            ServiceInstance first = unique.putIfAbsent(instance.id(), instance);
            if (first != null && !first.equals(instance)) {
                twins.add(instance.id());
            }
        }
        List<ServiceInstance> expected = List.copyOf(unique.values());
        List<ServiceInstance> before =
                known.values().stream().map(InstanceState::instance).toList();

        Roster.Reading reading = roster.read(snapshot);
        assertThat(reading.instances()).isEqualTo(expected);
        assertThat(reading.changed()).isEqualTo(!expected.equals(before));
        assertThat(reading.twins().stream()
                        .map(line -> line.substring(0, line.indexOf(' ')))
                        .distinct())
                .containsExactlyInAnyOrderElementsOf(twins);
        if (reading.changed()) {
            take(reading, now);
        }
    }

    private void take(Roster.Reading reading, long now) {
        Roster.Changes changes = roster.take(reading, now);
        Map<String, InstanceState> next = new LinkedHashMap<>();
        List<InstanceState> added = new ArrayList<>();
        List<InstanceState> unknown = new ArrayList<>();
        InstanceState[] all = roster.all();
        for (int i = 0; i < all.length; i++) {
            ServiceInstance instance = reading.instances().get(i);
            InstanceState mine = known.get(instance.id());
            boolean returned = mine == null && left.containsKey(instance.id());
            mine = mine == null ? left.remove(instance.id()) : mine;
            if (mine != null && at(mine).equals(instance.authority())) {
                assertThat(all[i]).isSameAs(mine);
                if (returned) {
                    added.add(mine);
                }
            } else {
                assertThat(all[i]).isNotSameAs(mine);
                added.add(all[i]);
                unknown.add(all[i]);
            }
            assertThat(all[i].instance()).isEqualTo(instance);
            next.put(instance.id(), all[i]);
        }
        List<InstanceState> gone = new ArrayList<>();
        known.forEach((id, state) -> {
            if (next.get(id) != state) {
                gone.add(state);
                left.put(id, state);
                leftAt.put(id, now);
            }
        });
        known = next;
        assertThat(changes.added()).containsExactlyElementsOf(added);
        assertThat(changes.unknown()).containsExactlyElementsOf(unknown);
        assertThat(changes.gone()).containsExactlyInAnyOrderElementsOf(gone);
        assertThat(Arrays.stream(all)).allMatch(roster::knows);
        assertThat(gone).noneMatch(roster::knows);
    }

    private void forget(long now) {
        roster.forget(now);
        left.keySet().removeIf(id -> now - leftAt.get(id) > 10 * MINUTE);
    }

    private static String at(InstanceState state) {
        return state.instance().authority();
    }

    /** Some added, removed, moved to another address, described anew, shuffled or said twice. */
    private List<ServiceInstance> changed(List<ServiceInstance> last) {
        List<ServiceInstance> next = new ArrayList<>(last);
        while (next.size() > MAX_SIZE) {
            next.remove(random.nextInt(next.size()));
        }
        int edits = 1 + random.nextInt(3);
        for (int i = 0; i < edits; i++) {
            int at = next.isEmpty() ? 0 : random.nextInt(next.size());
            switch (random.nextInt(6)) {
                case 0, 1 -> next.add(at, instance("id" + random.nextInt(IDS)));
                case 2 -> {
                    if (!next.isEmpty()) {
                        next.remove(at);
                    }
                }
                case 3 -> {
                    if (!next.isEmpty()) {
                        next.set(at, instance(next.get(at).id()));
                    }
                }
                case 4 -> Collections.shuffle(next, random);
                default -> {
                    if (!next.isEmpty()) {
                        next.add(next.get(at));
                    }
                }
            }
        }
        return List.copyOf(next);
    }

    private ServiceInstance instance(String id) {
        return ServiceInstance.builder("h", 1 + random.nextInt(3))
                .id(id)
                .weight(1 + random.nextInt(2))
                .build();
    }
}
