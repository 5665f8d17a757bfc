package io.lb4j.strategy;

import io.lb4j.Candidate;
import org.jspecify.annotations.Nullable;

/** Whose turn it is at a point of a weighted rotation; one look into a table for most points. Immutable. */
final class CandidateTurn {
    /** How far a pick moves on. */
    final long step;

    private final @Nullable Candidate[] parts;
    private final Candidate[] candidates;
    private final WeightedTurn turn;

    CandidateTurn(Candidate[] candidates, double[] weights) {
        this.candidates = candidates;
        this.turn = new WeightedTurn(weights);
        this.parts = turn.parts(candidates);
        this.step = turn.step;
    }

    Candidate at(long point) {
        Candidate whole = parts[Fractions.scale(point, parts.length)];
        return whole != null ? whole : candidates[turn.at(point)];
    }
}
