package io.lb4j.balancer;

import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The instances of the last snapshot, in discovery's order, and those that left a while ago. Lane only.
 *
 * <p>A snapshot of ten thousand mostly repeats the last one, so an instance is first looked for where it was: that takes
 * a comparison instead of a look into a map, and a tenth of the time.
 */
final class Roster {
    /** How long an instance that left is remembered: one that flaps must not come back with a clean slate. */
    private static final long MEMORY_NANOS = TimeUnit.MINUTES.toNanos(10);

    private static final int MAX_REMEMBERED = 10_000;

    private final Limiter.@Nullable Factory limits;
    private InstanceState[] all = {};
    private final Map<String, InstanceState> byId = new HashMap<>();
    private final Map<String, Departed> departed = new LinkedHashMap<>();
    private int stamp;

    Roster(Limiter.@Nullable Factory limits) {
        this.limits = limits;
    }

    private record Departed(InstanceState state, long atNanos) {}

    /**
     * A snapshot that was looked at, not yet taken in.
     *
     * @param instances those that count, the first of each id
     * @param twins what to say of the others
     * @param changed whether anything differs from the last snapshot
     */
    record Reading(List<ServiceInstance> instances, List<String> twins, boolean changed) {}

    /**
     * What a snapshot changed.
     *
     * @param added who was not there before, or is at another address now
     * @param unknown those of them that had not left a while ago
     * @param gone who is no longer there
     * @param forgotten who left a while ago and is remembered no longer
     */
    record Changes(
            List<InstanceState> added,
            List<InstanceState> unknown,
            List<InstanceState> gone,
            List<InstanceState> forgotten) {}

    /** All that are known, in discovery's order; replaced, never changed. */
    InstanceState[] all() {
        return all;
    }

    boolean knows(InstanceState state) {
        return byId.get(state.instance().id()) == state;
    }

    Reading read(List<ServiceInstance> snapshot) {
        stamp++;
        List<ServiceInstance> unique = new ArrayList<>(snapshot.size());
        List<String> twins = new ArrayList<>();
        Map<String, ServiceInstance> strangers = new HashMap<>();
        boolean changed = false;
        for (ServiceInstance instance : snapshot) {
            int at = unique.size();
            InstanceState state = find(at, instance.id());
            ServiceInstance twin;
            if (state == null) {
                twin = strangers.putIfAbsent(instance.id(), instance);
            } else {
                twin = state.stamp == stamp ? named(unique, instance.id()) : null;
                state.stamp = stamp;
            }
            if (twin == null) {
                changed |= at >= all.length || !all[at].instance().equals(instance);
                unique.add(instance);
            } else if (!twin.equals(instance)) {
                twins.add(instance.id() + " for " + twin.authority() + " and " + instance.authority());
            }
        }
        return new Reading(List.copyOf(unique), twins, changed || unique.size() != all.length);
    }

    private @Nullable InstanceState find(int at, String id) {
        if (at < all.length && all[at].instance().id().equals(id)) {
            return all[at];
        }
        return byId.get(id);
    }

    private static ServiceInstance named(List<ServiceInstance> unique, String id) {
        return unique.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
    }

    Changes take(Reading reading, long nowNanos) {
        stamp++;
        List<InstanceState> added = new ArrayList<>();
        List<InstanceState> unknown = new ArrayList<>();
        List<InstanceState> forgotten = new ArrayList<>();
        InstanceState[] next = new InstanceState[reading.instances.size()];
        for (int i = 0; i < next.length; i++) {
            ServiceInstance instance = reading.instances.get(i);
            InstanceState known = find(i, instance.id());
            InstanceState state = known != null ? known : recall(instance.id());
            if (state == null || !state.instance().sameLocation(instance)) {
                if (state != null && known == null) {
                    forgotten.add(state);
                }
                state = new InstanceState(instance, limits);
                unknown.add(state);
            }
            state.describe(instance);
            state.stamp = stamp;
            if (state != known) {
                byId.put(instance.id(), state);
                added.add(state);
            }
            next[i] = state;
        }
        List<InstanceState> gone = new ArrayList<>();
        for (InstanceState state : all) {
            if (state.stamp != stamp) {
                gone.add(state);
                byId.remove(state.instance().id(), state);
                forgotten.addAll(remember(state, nowNanos));
            }
        }
        all = next;
        return new Changes(added, unknown, gone, forgotten);
    }

    private @Nullable InstanceState recall(String id) {
        Departed back = departed.remove(id);
        return back == null ? null : back.state;
    }

    private List<InstanceState> remember(InstanceState state, long nowNanos) {
        List<InstanceState> forgotten = new ArrayList<>(0);
        InstanceState before = recall(state.instance().id());
        if (before != null) {
            forgotten.add(before);
        }
        departed.put(state.instance().id(), new Departed(state, nowNanos));
        if (departed.size() > MAX_REMEMBERED) {
            forgotten.add(oldest(departed.values().iterator()));
        }
        return forgotten;
    }

    private static InstanceState oldest(Iterator<Departed> remembered) {
        InstanceState state = remembered.next().state;
        remembered.remove();
        return state;
    }

    /** Forgets those that left too long ago to matter; returns them. */
    List<InstanceState> forget(long nowNanos) {
        List<InstanceState> forgotten = new ArrayList<>(0);
        while (!departed.isEmpty() && nowNanos - departed.values().iterator().next().atNanos > MEMORY_NANOS) {
            forgotten.add(oldest(departed.values().iterator()));
        }
        return forgotten;
    }

    /** Forgets everybody; returns them. */
    List<InstanceState> clear() {
        List<InstanceState> forgotten = new ArrayList<>(List.of(all));
        departed.values().forEach(each -> forgotten.add(each.state));
        departed.clear();
        byId.clear();
        all = new InstanceState[0];
        return forgotten;
    }
}
