"""Solutions of lesson 11, a network that reads digits."""

import math

import graphnn as gn

# 1. Weights and biases of both layers.
gn.learn.check("11-1", 64 * 32 + 32 + 32 * 10 + 10)

# 2. The best of ten is partly the luckiest of ten. Choose by the validation part.
gn.learn.check("11-2", "too high")

# 3. 33 full batches, and one with the 23 images that are left.
gn.learn.check("11-3", math.ceil(1079 / 32))

# 4. The network of the lesson does it.
train, validation, test = gn.data.split3(gn.data.digits(), 0.2, 0.2, seed=0)
net = gn.nn.Sequential([gn.nn.Dense(64, gn.relu), gn.nn.Dense(10)], seed=1)
trainer = gn.Trainer.classifier(net, 64, 10, gn.optim.Adam(0.01))
trainer.fit(train, epochs=20, batch=32, validation=validation, progress=False)
gn.learn.check("11-4", trainer.predict(test.x))
