import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Push over pop: queues assigned by the broker. Consumes until a number of distinct messages succeeded and writes one JSON
 * line for each that did. Arguments: nameServer topic group count output mode (pop | retry) timeoutSeconds.
 */
public class PopConsume {
    static int run(String[] args) throws Exception {
        boolean fails = args[5].equals("retry");
        ConsumerRun run = new ConsumerRun(args, PopConsume::line);
        // Only 5.x has it, and this file is compiled against 4.9.7, too.
        DefaultMQPushConsumer.class.getMethod("setClientRebalance", boolean.class).invoke(run.consumer, false);
        run.consumer.subscribe(args[1], "*");
        run.consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            if (fails && run.shouldFail(messages)) {
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            }
            run.record(messages);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        run.consumer.start();
        // Acknowledgements are on their way, and what comes now would be a duplicate.
        return run.await(args[6], 1500);
    }

    private static String line(MessageExt message) {
        return String.format("{\"seq\":%s,\"body\":\"%s\",\"topic\":\"%s\",\"reconsumeTimes\":%d,\"handle\":\"%s\"}",
            message.getUserProperty("seq"), new String(message.getBody(), StandardCharsets.UTF_8),
            message.getTopic(), message.getReconsumeTimes(), message.getProperty("POP_CK"));
    }
}
