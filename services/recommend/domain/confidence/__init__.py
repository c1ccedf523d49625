"""How sure a piece of advice is: how often such calls turn out better, of cars that stand and of purchases."""
