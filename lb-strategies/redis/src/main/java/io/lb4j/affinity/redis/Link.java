package io.lb4j.affinity.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A connection for commands and one for messages. Each reconnects by itself when it is lost. */
final class Link {
    private final StatefulRedisConnection<String, String> commands;
    private final StatefulRedisPubSubConnection<String, String> messages;

    private Link(
            StatefulRedisConnection<String, String> commands, StatefulRedisPubSubConnection<String, String> messages) {
        this.commands = commands;
        this.messages = messages;
    }

    /** Both or neither. */
    static CompletionStage<Link> open(RedisClient client, RedisURI uri, Moves moves) {
        CompletableFuture<StatefulRedisConnection<String, String>> commands =
                client.connectAsync(StringCodec.UTF8, uri).toCompletableFuture();
        CompletableFuture<StatefulRedisPubSubConnection<String, String>> messages =
                client.connectPubSubAsync(StringCodec.UTF8, uri).toCompletableFuture();
        CompletableFuture<Link> both = commands.thenCombine(messages, Link::new);
        return both.whenComplete((link, error) -> {
            if (error != null) {
                CompletionStage<Void> unused = commands.thenCompose(StatefulRedisConnection::closeAsync);
                unused = messages.thenCompose(StatefulRedisPubSubConnection::closeAsync);
            } else {
                link.messages.addListener(moves);
                link.subscribe(moves.channels().toArray(String[]::new));
            }
        });
    }

    RedisAsyncCommands<String, String> commands() {
        return commands.async();
    }

    void subscribe(String... channels) {
        if (channels.length > 0) {
            CompletionStage<Void> unused = messages.async().subscribe(channels);
        }
    }

    void unsubscribe(String channel) {
        CompletionStage<Void> unused = messages.async().unsubscribe(channel);
    }

    void close() {
        CompletionStage<Void> unused = commands.closeAsync();
        unused = messages.closeAsync();
    }
}
