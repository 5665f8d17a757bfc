package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a pick reads: the eligible candidates, their picker, and the fallback for when that picker fails. Immutable.
 */
final class Routing {
    /** Picks by the strategy before the balancer takes one that this call has not tried itself. */
    private static final int MAX_PICKS = 3;

    private final InstanceState[] candidates;

    /** The candidates by their numbers, with gaps. */
    private final @Nullable InstanceState[] numbered;

    /** What it was made of, to tell whether anything has changed since. */
    final List<Verdict.Level> levels;

    /** Well, but not among the candidates: for a call that has failed on all of those. */
    final InstanceState[] spares;

    /** Who is on trial, or null if nobody is. */
    final @Nullable Trials trials;

    /** Null if no instance is taken out for one endpoint. */
    final @Nullable Endpoints endpoints;

    private final Picker picker;
    private final RandomGenerator random;
    private final StrategyFaults faults;

    /** Made by the first pick that asks for an instance by its id. */
    private volatile @Nullable Map<String, InstanceState> byId;

    /** @param numbers how many instances are numbered; 0 if that is not to be relied on */
    Routing(
            InstanceState[] candidates,
            int numbers,
            List<Verdict.Level> levels,
            InstanceState[] spares,
            @Nullable Trials trials,
            @Nullable Endpoints endpoints,
            Picker picker,
            RandomGenerator random,
            StrategyFaults faults) {
        this.candidates = candidates;
        this.numbered = numbered(candidates, numbers);
        this.levels = levels;
        this.spares = spares;
        this.trials = trials;
        this.endpoints = endpoints;
        this.picker = picker;
        this.random = random;
        this.faults = faults;
    }

    private static @Nullable InstanceState[] numbered(InstanceState[] candidates, int numbers) {
        if (numbers == 0) {
            return new InstanceState[0];
        }
        InstanceState[] numbered = new InstanceState[numbers];
        for (InstanceState each : candidates) {
            numbered[each.index] = each;
        }
        return Arrays.equals(numbered, candidates) ? candidates : numbered;
    }

    InstanceState pick(PickRequest request) {
        String preferred = request.preferred();
        if (preferred != null) {
            InstanceState wanted = byId().get(preferred);
            if (wanted != null && !request.excludes(wanted) && !isOut(outs(request), wanted)) {
                return wanted;
            }
        }
        InstanceState picked = ask(request);
        if (request.endpoint() != null) {
            EndpointOuts outs = outs(request);
            if (outs != null) {
                return forEndpoint(request, outs, picked);
            }
        }
        return request.excludedCount() == 0 || !request.excludes(picked) ? picked : another(request, picked);
    }

    private @Nullable EndpointOuts outs(PickRequest request) {
        String endpoint = request.endpoint();
        return endpoint == null || endpoints == null ? null : endpoints.outs(endpoint);
    }

    private static boolean isOut(@Nullable EndpointOuts outs, InstanceState state) {
        return outs != null && outs.has(state);
    }

    /** The strategy's choice among those that aren't out for the call's endpoint, while there are any. */
    private InstanceState forEndpoint(PickRequest request, EndpointOuts outs, InstanceState first) {
        InstanceState picked = first;
        PickRequest elsewhere = request;
        for (int i = 0; i < MAX_PICKS; i++) {
            if (!elsewhere.excludes(picked)) {
                if (!outs.has(picked)) {
                    return picked;
                }
                elsewhere = elsewhere.avoiding(picked);
            }
            picked = ask(elsewhere);
        }
        InstanceState found = search(request, outs, each -> true);
        if (found == null) {
            found = spare(request, outs);
        }
        if (found != null) {
            return found;
        }
        // It is no better anywhere.
        return request.excludes(first) ? another(request, first) : first;
    }

    /** Those of less preferred priorities as well: whose key it is was decided when they were needed. */
    private Map<String, InstanceState> byId() {
        Map<String, InstanceState> known = byId;
        if (known == null) {
            known = new HashMap<>();
            for (InstanceState each : spares) {
                known.put(each.instance().id(), each);
            }
            for (InstanceState each : candidates) {
                known.put(each.instance().id(), each);
            }
            byId = known;
        }
        return known;
    }

    /**
     * Picks an instance with room and takes a place there: the strategy's choice, else its next ones, else whoever has
     * some. Null if there is none that this call has not failed on.
     */
    @Nullable
    InstanceState take(PickRequest request) {
        return withRoom(request, InstanceState::tryStart);
    }

    /** Whom {@link #take} would find at this moment. */
    @Nullable
    InstanceState peek(PickRequest request) {
        return withRoom(request, InstanceState::hasRoom);
    }

    private @Nullable InstanceState withRoom(PickRequest request, Predicate<InstanceState> suits) {
        InstanceState picked = pick(request);
        if (suits.test(picked)) {
            return picked;
        }
        // Looked for first, since all are full for most calls of an overload.
        EndpointOuts outs = outs(request);
        if (search(request, outs, InstanceState::hasRoom) == null) {
            return null;
        }
        PickRequest elsewhere = request;
        for (int i = 1; i < MAX_PICKS; i++) {
            elsewhere = elsewhere.avoiding(picked);
            picked = ask(elsewhere);
            if (!elsewhere.excludes(picked) && !isOut(outs, picked) && suits.test(picked)) {
                return picked;
            }
        }
        return search(request, outs, suits);
    }

    /** From anywhere, or else the one that comes after a full one would get all that the full one can't take. */
    private @Nullable InstanceState search(
            PickRequest request, @Nullable EndpointOuts outs, Predicate<InstanceState> suits) {
        int start = anywhere(request);
        for (int i = 0; i < candidates.length; i++) {
            InstanceState each = candidates[(start + i) % candidates.length];
            if (!request.excludes(each) && !isOut(outs, each) && suits.test(each)) {
                return each;
            }
        }
        return null;
    }

    /** What all may have in flight together, and what they have. */
    String occupancy() {
        long inFlight = 0;
        long limit = 0;
        for (InstanceState each : candidates) {
            inFlight += each.inFlight();
            limit += each.limit();
        }
        return inFlight + " calls are in flight on " + candidates.length + " instances, which may have " + limit;
    }

    /** The strategy insists on an instance this call has failed on already: any other is better. */
    private InstanceState another(PickRequest request, InstanceState insisted) {
        for (int i = 1; i < MAX_PICKS; i++) {
            InstanceState picked = ask(request);
            if (!request.excludes(picked)) {
                return picked;
            }
        }
        int start = Math.max(0, insisted.index);
        for (int i = 1; i <= candidates.length; i++) {
            InstanceState next = candidates[(start + i) % candidates.length];
            if (!request.excludes(next)) {
                return next;
            }
        }
        InstanceState spare = spare(request, null);
        return spare == null ? insisted : spare;
    }

    /** One of the most preferred spares, so that a call is not lost while another site is well. */
    private @Nullable InstanceState spare(PickRequest request, @Nullable EndpointOuts outs) {
        InstanceState best = null;
        int count = 0;
        for (InstanceState next : spares) {
            if (request.excludes(next) || isOut(outs, next)) {
                continue;
            }
            if (best != null && next.instance().priority() != best.instance().priority()) {
                break;
            }
            // Each of them with the same chance.
            if (random.nextInt(++count) == 0) {
                best = next;
            }
        }
        return best;
    }

    private InstanceState ask(PickRequest request) {
        Candidate picked = null;
        Throwable error = null;
        try {
            picked = picker.pick(request);
        } catch (Throwable e) {
            error = e;
        }
        if (picked instanceof InstanceState state) {
            int index = state.index;
            // The index may belong to a newer routing; then the scan decides.
            if ((index >= 0 && index < numbered.length && numbered[index] == state) || contains(state)) {
                return state;
            }
        }
        if (!faults.isReported()) {
            faults.report(error != null ? error : stranger(picked));
        }
        return fallback(request);
    }

    private Throwable stranger(@Nullable Candidate picked) {
        String what = picked == null ? "null" : "a stranger of " + picked.getClass();
        return new IllegalStateException("a picker of " + picker.getClass() + " returned " + what
                + " (expected: one of the " + candidates.length + " candidates it was made with)");
    }

    /** Whether calls go there at all. */
    boolean contains(@Nullable InstanceState state) {
        for (InstanceState each : candidates) {
            if (each == state) {
                return true;
            }
        }
        return false;
    }

    /** Any candidate will do: keys stay where the hash puts them, other calls are spread at random. */
    private InstanceState fallback(PickRequest request) {
        return candidates[anywhere(request)];
    }

    private int anywhere(PickRequest request) {
        long spread = request.hasHash() ? request.hash() : random.nextLong();
        return (int) Math.floorMod(spread, (long) candidates.length);
    }
}
