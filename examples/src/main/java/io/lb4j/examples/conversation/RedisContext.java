package io.lb4j.examples.conversation;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import java.util.List;

/** A hash for each conversation, in Redis: two round trips a turn. */
final class RedisContext implements Context {
    private final RedisCommands<String, String> redis;

    RedisContext(String uri) {
        redis = RedisClient.create(uri).connect().sync();
    }

    @Override
    public List<String> say(String conversation, int turn, String message) {
        redis.hset("conversation:" + conversation, String.valueOf(turn), message);
        return redis.hvals("conversation:" + conversation);
    }
}
