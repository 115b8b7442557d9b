import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Consumes until a number of distinct messages was seen and writes one JSON line for each delivery.
 * Arguments: nameServer topic group count output mode (concurrent | orderly | broadcast | retry) tags timeoutSeconds.
 */
public class Consume {
    static int run(String[] args) throws Exception {
        String mode = args[5];
        ConsumerRun run = new ConsumerRun(args, Consume::line);
        if (mode.equals("broadcast")) {
            broadcasting(run.consumer);
        }
        run.consumer.subscribe(args[1], args[6]);
        if (mode.equals("orderly")) {
            run.consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
                run.record(messages);
                return ConsumeOrderlyStatus.SUCCESS;
            });
        } else {
            run.consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                if (mode.equals("retry") && run.shouldFail(messages)) {
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
                run.record(messages);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        }
        run.consumer.start();
        // What comes now would be a duplicate: give it a moment to show itself.
        return run.await(args[7], 500);
    }

    /** The enum of the message model moved between 4.9 and 5.x, so it is found by reflection. */
    private static void broadcasting(DefaultMQPushConsumer consumer) throws Exception {
        for (java.lang.reflect.Method method : DefaultMQPushConsumer.class.getMethods()) {
            if (method.getName().equals("setMessageModel")) {
                for (Object constant : method.getParameterTypes()[0].getEnumConstants()) {
                    if (constant.toString().equals("BROADCASTING")) {
                        method.invoke(consumer, constant);
                    }
                }
            }
        }
    }

    private static String line(MessageExt message) {
        String body = new String(message.getBody(), StandardCharsets.UTF_8);
        return String.format("{\"seq\":%s,\"body\":\"%s\",\"tags\":\"%s\",\"keys\":\"%s\",\"flag\":%d,\"queueId\":%d,\"queueOffset\":%d,\"msgId\":\"%s\",\"offsetMsgId\":\"%s\",\"reconsumeTimes\":%d,\"brokerName\":\"%s\"}",
            message.getUserProperty("seq"), body.length() > 40 ? "#" + body.length() : body, message.getTags(), message.getKeys(), message.getFlag(),
            message.getQueueId(), message.getQueueOffset(), message.getMsgId(),
            ((MessageClientExt) message).getOffsetMsgId(), message.getReconsumeTimes(), message.getBrokerName());
    }
}
