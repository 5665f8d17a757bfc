package io.lb4j.scaling;

import org.jspecify.annotations.Nullable;

/** Makes levels of utilizations: a threshold must be passed for a while, and left by a margin. Not thread-safe. */
final class LevelFilter {
    private final ScalingPolicy policy;
    private UtilizationLevel level = UtilizationLevel.NORMAL;
    private @Nullable UtilizationLevel candidate;
    private long candidateSince;

    LevelFilter(ScalingPolicy policy) {
        this.policy = policy;
    }

    UtilizationLevel level() {
        return level;
    }

    /** The level after this much; what is not a number leaves it as it is. */
    UtilizationLevel next(double utilization, long nowNanos) {
        if (Double.isNaN(utilization)) {
            return level;
        }
        UtilizationLevel seen = levelOf(utilization);
        if (seen == level) {
            candidate = null;
            return level;
        }
        if (seen != candidate) {
            candidate = seen;
            candidateSince = nowNanos;
        }
        if (nowNanos - candidateSince >= policy.holdTime().toNanos()) {
            level = seen;
            candidate = null;
        }
        return level;
    }

    private UtilizationLevel levelOf(double utilization) {
        double over = policy.overThreshold() - (level == UtilizationLevel.OVERUTILIZED ? policy.hysteresis() : 0);
        double under = policy.underThreshold() + (level == UtilizationLevel.UNDERUTILIZED ? policy.hysteresis() : 0);
        if (utilization >= over) {
            return UtilizationLevel.OVERUTILIZED;
        }
        return utilization <= under ? UtilizationLevel.UNDERUTILIZED : UtilizationLevel.NORMAL;
    }
}
