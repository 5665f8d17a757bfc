package io.lb4j.balancer;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where calls to one endpoint don't go, at one moment. Immutable. */
final class EndpointOuts {
    private final Map<InstanceState, String> reasons;

    /** Who is on trial, or null if nobody is. */
    final @Nullable Trials trials;

    EndpointOuts(Map<InstanceState, String> reasons, @Nullable Trials trials) {
        this.reasons = Map.copyOf(reasons);
        this.trials = trials;
    }

    boolean has(InstanceState state) {
        return reasons.containsKey(state);
    }

    @Nullable
    String reason(InstanceState state) {
        return reasons.get(state);
    }
}
